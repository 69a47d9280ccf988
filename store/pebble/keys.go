package pebble

import (
	"encoding/binary"

	"github.com/recant-chat/recant/store"
)

// The first byte of every key says what it belongs to.
const (
	kindVersioned = 'v' // rows of versioned partitions
	kindBlind     = 'b' // rows of blind partitions
	kindEngine    = 'e' // the engine's own
)

// What follows a partition's prefix.
const (
	slotMeta = 0x00 // the row that holds the partition's version; it sorts first
	slotRow  = 0x01 // followed by the row's key
	slotEnd  = 0x02 // where the partition ends
)

// A name is written with 0x00 as 0x00 0xff and is closed by 0x00 0x01, so no
// prefix begins with another and partitions sort by name.
const (
	nameEscape = 0x00
	nameZero   = 0xff
	nameClose  = 0x01
)

// versionBytes is the length of a stored version: epoch and counter.
const versionBytes = 16

// epochKey is the row that counts how often this directory was opened.
func epochKey() []byte { return []byte{kindEngine, 'e', 'p', 'o', 'c', 'h'} }

// appendPrefix appends what all keys of the partition begin with.
func appendPrefix(dst []byte, p store.Partition) []byte {
	kind := byte(kindVersioned)
	if p.IsBlind() {
		kind = kindBlind
	}
	dst = append(dst, kind)
	name := p.Name()
	for i := 0; i < len(name); i++ {
		dst = append(dst, name[i])
		if name[i] == nameEscape {
			dst = append(dst, nameZero)
		}
	}
	return append(dst, nameEscape, nameClose)
}

// encodeVersion writes a version as epoch and counter, most significant byte
// first.
func encodeVersion(epoch, counter uint64) store.Version {
	var b [versionBytes]byte
	binary.BigEndian.PutUint64(b[:8], epoch)
	binary.BigEndian.PutUint64(b[8:], counter)
	return store.Version(b[:])
}
