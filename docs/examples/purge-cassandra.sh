#!/bin/sh
# Forces what was deleted or overwritten in one partition out of the files of all
# nodes of a Cassandra cluster: the purge_command of Recant's store URL, which runs
#
#     purge-cassandra.sh KEYSPACE TABLE KEY TOKEN
#
# It ends with 0 only when no node has old values in its tables, commit log or hints.
# It needs ssh to every node, at the address that `nodetool status` shows, for a user
# who may run nodetool and cqlsh there and list the data files.
set -eu
keyspace=$1 table=$2 key=$3 token=$4

seed=${CASSANDRA_SEED:-127.0.0.1}                    # any node; tells of the others
ssh=${CASSANDRA_SSH:-ssh -o BatchMode=yes}           # runs a command on a node
directory=${CASSANDRA_DIRECTORY:-/var/lib/cassandra} # has data and commitlog on each node
hints_flush=${CASSANDRA_HINTS_FLUSH:-10}             # seconds, hints_flush_period of cassandra.yaml
patience=${CASSANDRA_PATIENCE:-60}                   # seconds to wait for anything

fail() {
	echo "$*" >&2
	exit 1
}

# on NODE SCRIPT [ARGUMENT...] runs a script on a node; no argument has a blank.
on() {
	host=$1 script=$2
	shift 2
	echo "$script" | $ssh "$host" sh -s -- "$@"
}

begun=$(date +%s)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

# Every node has to be there: one that is not may hold anything.
status=$(on "$seed" 'nodetool status') || fail "nodetool status on $seed: $status"
nodes=$(echo "$status" | awk '/^[UD?][NLJM] /{print $2}')
away=$(echo "$status" | awk '/^[UD?][NLJM] / && !/^UN /{print $2, "is", $1}')
[ -n "$nodes" ] || fail "nodetool status on $seed names no node: $status"
[ -z "$away" ] || fail "not all nodes are up and in the ring: $away"

# A replica that has missed a deletion still has what was deleted, as a value that it
# takes to exist.
several=$(echo "$nodes" | awk 'END {print (NR > 1)}')
if [ "$several" = 1 ]; then
	replica=$(on "$seed" 'nodetool getendpoints "$@" | head -n 1' "$keyspace" "$table" "$key")
	on "$replica" 'nodetool repair --full --start-token "$1" --end-token "$2" "$3" "$4"' \
		"$((token - 1))" "$token" "$keyspace" "$table" >"$work/repair" 2>&1 || fail "repair on $replica: $(cat "$work/repair")"
fi

# Dropping a table, whichever, has a node write out its memory and begin a new segment
# of the commit log; nothing else does.
for node in $nodes; do
	on "$node" 'cd "$1/commitlog" && ls $(nodetool sjk mx -b org.apache.cassandra.db:type=Commitlog -mg -f ActiveSegmentNames |
		grep -o "CommitLog-[0-9-]*\.log" || echo no-segment)' "$directory" >"$work/$node.segments" ||
		fail "node $node: the segments of its commit log are not in $directory/commitlog"
done
scratch=t${begun}_$$
on "$seed" 'cqlsh "$1" --request-timeout 60 -e "
	CREATE KEYSPACE IF NOT EXISTS recant_purge WITH replication = {'\''class'\'': '\''SimpleStrategy'\'', '\''replication_factor'\'': 1};
	CREATE TABLE recant_purge.$2 (k int PRIMARY KEY) WITH allow_auto_snapshot = false;
	DROP TABLE recant_purge.$2"' "$seed" "$scratch" >"$work/drop" || fail "no new segments of the commit log"

cat >"$work/node" <<'END'
set -eu
keyspace=$1 table=$2 key=$3 directory=$4 scratch=$5 patience=$6 several=$7 wait=$8
shift 8
end=$(($(date +%s) + patience))

# await COMMAND... waits until it succeeds.
await() {
	until "$@"; do
		[ "$(date +%s)" -lt "$end" ] || return 1
		sleep 0.1
	done
}
none() {
	for file; do
		[ ! -e "$file" ] || return 1
	done
}
fail() {
	echo "$*" >&2
	exit 1
}

cd "$directory/commitlog"
await none "$@" || fail "the commit log still has one of $*"
cd ..
rmdir data/recant_purge/"$scratch"-* || true

# Compactions never mix what an incremental repair has marked with what it has not.
if [ "$several" = 1 ]; then
	stats=$(nodetool tablestats "$keyspace.$table")
	echo "$stats" | awk '/Bytes repaired: / {known = 1; some = $3 !~ /^0(\.0+)?[A-Za-z]*$/} END {exit !known || some}' ||
		fail "$keyspace.$table was repaired incrementally: nodetool sstablerepairedset --really-set --is-unrepaired $keyspace $table"
fi

# compacted KEYSPACE TABLE rewrites what holds the partition. It fails where another
# compaction was in the way.
compacted() {
	files=$(nodetool getsstables "$1" "$2" "$key") || return 1
	[ -n "$files" ] || return 0
	ls $files >/dev/null && nodetool compact --partition "$key" "$1" "$2" || return 1
	for try in 1 2 3 4 5 6 7 8 9 10; do
		none $files && return 0
		sleep 0.1
	done
	return 1
}
await compacted "$keyspace" "$table" || fail "compaction of $keyspace.$table leaves $files"
# Where Paxos keeps what was proposed and committed last.
await compacted system paxos || fail "compaction of system.paxos leaves $files"

delivered() {
	nodetool listpendinghints | grep -q 'does not have any pending hints'
}
if [ "$several" = 1 ]; then
	sleep "$wait"
	end=$(($(date +%s) + patience))
	await delivered || fail "there are hints that were not delivered: nodetool listpendinghints"
fi
END

# Hints are in memory before they are in a file.
wait=$((begun + hints_flush - $(date +%s)))
[ "$wait" -gt 0 ] || wait=0
pids=
for node in $nodes; do
	on "$node" "$(cat "$work/node")" "$keyspace" "$table" "$key" "$directory" "$scratch" "$patience" "$several" "$wait" \
		$(cat "$work/$node.segments") >"$work/$node.out" 2>&1 &
	pids="$pids $node=$!"
done
failed=
for pid in $pids; do
	wait "${pid#*=}" || failed="$failed
node ${pid%%=*}: $(cat "$work/${pid%%=*}.out")"
done
[ -z "$failed" ] || fail "$failed"
