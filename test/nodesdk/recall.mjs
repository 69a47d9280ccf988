// Thousands of messages, and one sender's share of the last 1,000 taken back.
import assert from 'node:assert/strict';
import { groups, topics } from './client.mjs';
import { admin, chatRoom, community, liveRoom, members, privateGroup, publicGroup, spammer, topic } from './people.mjs';

const window = 1000;
let random = 0;

export function text(says) {
  return [{ MsgType: 'TIMTextElem', MsgContent: { Text: says } }];
}

// history reads a whole stream, newest first, as the pages come.
export async function history(stream, WithRecalledMsg) {
  const rows = [];
  for (let next; next !== 0;) {
    const page = await admin.ok(`${groups}/group_msg_get_simple`, {
      ...stream, ReqMsgNumber: 20, WithRecalledMsg, ...(next && { ReqMsgSeq: next }),
    });
    rows.push(...page.RspMsgList);
    next = page.RspMsgList.length === 0 ? 0 : page.RspMsgList.at(-1).MsgSeq - 1;
  }
  rows.forEach((row, i) => assert.ok(i === 0 || row.MsgSeq < rows[i - 1].MsgSeq, 'rows descend'));
  return rows;
}

// send sends count messages at once, every third of them the spammer's, and
// returns what was sent by its number.
async function send(stream, count) {
  const sent = new Map();
  await Promise.all(Array.from({ length: count }, async (_, i) => {
    const From_Account = i % 3 === 0 ? spammer : members[i % members.length];
    const message = { From_Account, Random: ++random, MsgBody: text(`${From_Account} says "${i}" \u0000 \u{1F6A4}`) };
    const answer = await admin.ok(`${groups}/send_group_msg`, { ...stream, ...message });
    assert.ok(!sent.has(answer.MsgSeq), `number ${answer.MsgSeq} is given twice`);
    sent.set(answer.MsgSeq, { ...message, MsgTime: answer.MsgTime });
  }));
  return sent;
}

// checkHistory compares both ways of reading a stream with what was sent and
// with what is recalled of it. Tips are what nobody sent.
async function checkHistory(stream, sent, recalled) {
  const all = await history(stream, 1);
  assert.deepEqual(all.map((row) => row.MsgSeq).reverse(), all.map((_, i) => i + 1), 'numbers are contiguous from 1');
  for (const row of all) {
    const message = sent.get(row.MsgSeq);
    assert.equal(row.IsSystemMsg === 1, message === undefined, `number ${row.MsgSeq}`);
    if (message === undefined) {
      continue;
    }
    assert.deepEqual(
      [row.From_Account, row.MsgRandom, row.MsgTimeStamp, row.MsgBody, row.IsPlaceMsg],
      [message.From_Account, message.Random, message.MsgTime, message.MsgBody, recalled(row.MsgSeq, message) ? 2 : 0],
      `number ${row.MsgSeq}`,
    );
  }
  assert.equal(all.filter((row) => row.IsSystemMsg !== 1).length, sent.size, 'every message that was acknowledged is there');
  assert.deepEqual(await history(stream, 0), all.filter((row) => row.IsPlaceMsg === 0), 'default history has the others');
}

const main = { GroupId: publicGroup };
const inTopic = { GroupId: community, TopicId: topic };
let inGroup, inTheTopic, newest;

async function sendThousands() {
  inGroup = await send(main, 2400);
  newest = Math.max(...inGroup.keys());
  inTheTopic = await send(inTopic, 600);
  assert.equal(Math.max(...inTheTopic.keys()), 600);
  await checkHistory(main, inGroup, () => false);
  await checkHistory(inTopic, inTheTopic, () => false);
}

async function repeatASend() {
  const [seq, { MsgTime, ...message }] = [...inGroup].at(-1);
  const again = await admin.ok(`${groups}/send_group_msg`, { ...main, ...message });
  assert.deepEqual([again.MsgSeq, again.MsgTime], [seq, MsgTime]);
}

const bySpammer = (seq, message) => seq > newest - window && message.From_Account === spammer;

async function recallOneSenderSilently() {
  for (let i = 0; i < 2; i++) {
    const answer = await admin.ok(`${groups}/delete_group_msg_by_sender`, { ...main, Sender_Account: spammer });
    assert.deepEqual(answer, { ActionStatus: 'OK', ErrorCode: 0, ErrorInfo: '' });
    await checkHistory(main, inGroup, bySpammer);
  }
  await checkHistory(inTopic, inTheTopic, () => false);
}

async function recallInATopic() {
  await admin.ok(`${groups}/delete_group_msg_by_sender`, { ...inTopic, Sender_Account: spammer });
  await checkHistory(inTopic, inTheTopic, (seq, message) => message.From_Account === spammer);
}

async function recallByNumber() {
  const mine = [...inGroup].filter(([, message]) => message.From_Account !== spammer).slice(0, 3).map(([seq]) => seq);
  const wanted = [...mine, newest + 1000];
  const answer = await admin.ok(`${groups}/group_msg_recall`, { ...main, MsgSeqList: wanted.map((MsgSeq) => ({ MsgSeq })), Reason: 'off topic' });
  assert.deepEqual(answer.RecallRetList, wanted.map((MsgSeq, i) => ({ MsgSeq, RetCode: i < 3 ? 0 : 10030 })));
  await checkHistory(main, inGroup, (seq, message) => mine.includes(seq) || bySpammer(seq, message));
}

async function recallLeavesNoTrace() {
  const info = await admin.ok(`${groups}/get_group_info`, { GroupIdList: [publicGroup, 'nowhere'] });
  const [group, unknown] = info.GroupInfo;
  assert.equal(group.NextMsgSeq, newest + 1);
  assert.equal(group.LastMsgTime, Math.max(...[...inGroup.values()].map((message) => message.MsgTime)));
  assert.deepEqual([group.Type, group.MemberNum, group.Owner_Account], ['Public', members.length + 1, members[0]]);
  assert.deepEqual([unknown.GroupId, unknown.ErrorCode], ['nowhere', 10010]);
  const read = await admin.ok(`${topics}/get_topic`, { GroupId: community, From_Account: members[0], TopicIdList: [topic] });
  assert.equal(read.TopicAndSelfInfo[0].TopicInfo.NextMsgSeq, 601);
}

async function recallInOtherTypes() {
  for (const GroupId of [privateGroup, chatRoom]) {
    const sent = await send({ GroupId }, 40);
    await admin.ok(`${groups}/delete_group_msg_by_sender`, { GroupId, Sender_Account: spammer });
    await checkHistory({ GroupId }, sent, (seq, message) => message.From_Account === spammer);
  }
  await admin.ok(`${groups}/send_group_msg`, { GroupId: liveRoom, From_Account: spammer, Random: ++random, MsgBody: text('live') });
  await admin.ok(`${groups}/delete_group_msg_by_sender`, { GroupId: liveRoom, Sender_Account: spammer });
  await admin.refused(10044, `${groups}/group_msg_get_simple`, { GroupId: liveRoom, ReqMsgNumber: 20 });
  await admin.refused(10010, `${groups}/delete_group_msg_by_sender`, { GroupId: 'nowhere', Sender_Account: spammer });
}

export const recall = [
  sendThousands, repeatASend, recallOneSenderSilently, recallInATopic, recallByNumber, recallLeavesNoTrace, recallInOtherTypes,
];
