package record

import (
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
)

// FuzzRecords checks that no bytes make a record's decoder panic, and that
// what it accepts is read back the same after it was written again.
func FuzzRecords(f *testing.F) {
	messages := File_record_proto.Messages()
	for i := range messages.Len() {
		f.Add(uint8(i), []byte{})
		f.Add(uint8(i), []byte{0x0a, 0x03, 'a', 'n', 'n', 0x10, 0x01})
		f.Add(uint8(i), []byte{0x10, 0xff, 0xff, 0xff, 0xff, 0x0f, 0x1a, 0x01, 'x', 0x98, 0x06, 0x01})
	}
	f.Fuzz(func(t *testing.T, kind uint8, value []byte) {
		m := newRecord(messages.Get(int(kind) % messages.Len()))
		if proto.Unmarshal(value, m) != nil {
			return
		}
		written, err := proto.Marshal(m)
		if err != nil {
			t.Fatalf("a record that was read cannot be written: %v", err)
		}
		again := m.ProtoReflect().New().Interface()
		if err := proto.Unmarshal(written, again); err != nil || !proto.Equal(m, again) {
			t.Fatalf("record changed from %v to %v (%v)", m, again, err)
		}
	})
}

func newRecord(d protoreflect.MessageDescriptor) proto.Message {
	kind, err := protoregistry.GlobalTypes.FindMessageByName(d.FullName())
	if err != nil {
		panic(err)
	}
	return kind.New().Interface()
}

// An older release's record reads as one whose newer fields are unset, and a
// newer one's unknown fields survive being rewritten.
func TestRecordsEvolve(t *testing.T) {
	newer := append([]byte{0x0a, 0x03, 'a', 'n', 'n'}, 0xf8, 0x3f, 0x07) // key, and field 1023
	field := &Field{}
	if err := proto.Unmarshal(newer, field); err != nil || field.Key != "ann" {
		t.Fatalf("field is %v, %v", field, err)
	}
	written, err := proto.Marshal(field)
	if err != nil || string(written) != string(newer) {
		t.Errorf("rewritten record is %x, %v; want %x", written, err, newer)
	}
}
