package main

import (
	"bytes"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"testing"

	"github.com/recant-chat/recant/api"
)

const (
	clientDirectory = "../../client"
	namesFile       = "../../console/assets/debug/names.json"
)

// The committed code is what `go generate ./client` writes today.
func TestGeneratedCodeIsCurrent(t *testing.T) {
	files, names, err := generate(api.Commands())
	if err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(namesFile); err != nil || !bytes.Equal(got, names) {
		t.Errorf("%s is not what is generated now; run go generate ./client (%v)", namesFile, err)
	}
	for name, want := range files {
		got, err := os.ReadFile(filepath.Join(clientDirectory, name))
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s is not what is generated now; run go generate ./client (%v)", name, err)
		}
	}
	for _, pattern := range generatedNames {
		found, err := filepath.Glob(filepath.Join(clientDirectory, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range found {
			if files[filepath.Base(name)] == nil {
				t.Errorf("%s is not generated any more; run go generate ./client", name)
			}
		}
	}
}

// A command that the client lacks fails the test above.
func TestANewCommandChangesTheGeneratedCode(t *testing.T) {
	commands := api.Commands()
	all, _, err := generate(commands)
	if err != nil {
		t.Fatal(err)
	}
	fewer, _, err := generate(commands[:len(commands)-1])
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Equal(all["call_gen_test.go"], fewer["call_gen_test.go"]) {
		t.Error("a command more makes no difference")
	}
}

// Generating into a directory leaves nothing of what was generated before.
func TestGeneratingRemovesWhatIsNotGeneratedAnyMore(t *testing.T) {
	out := t.TempDir()
	old := filepath.Join(out, "gone_gen.go")
	own := filepath.Join(out, "client.go")
	for _, name := range []string{old, own} {
		if err := os.WriteFile(name, []byte("package client\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := run(out, filepath.Join(out, "names.json")); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(old); !os.IsNotExist(err) {
		t.Errorf("%s: %v", old, err)
	}
	if _, err := os.Stat(own); err != nil {
		t.Error(err)
	}
	if _, err := parser.ParseFile(token.NewFileSet(), filepath.Join(out, "codes_gen.go"), nil, 0); err != nil {
		t.Error(err)
	}
}

func TestNamesInGo(t *testing.T) {
	for wire, want := range map[string]string{
		"GroupId": "GroupID", "GroupIdList": "GroupIDList", "FaceUrl": "FaceURL", "Members_Account": "MembersAccount",
		"MemberToDel_Account": "MemberToDelAccount", "RemoteIP": "RemoteIP", "UserID": "UserID", "ToGroupid": "ToGroupID",
		"C2CmsgNospeakingTime": "C2CmsgNospeakingTime", "key": "Key", "Appid": "AppID", "TimeStamp": "TimeStamp",
		"get_appid_group_list": "GetAppIDGroupList", "AppDefinedDataFilter_Group": "AppDefinedDataFilterGroup",
	} {
		if got := goName(wire); got != want {
			t.Errorf("%s is %s, want %s", wire, got, want)
		}
	}
}
