package browser

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/recant-chat/recant/api"
	"github.com/recant-chat/recant/api/apitest"
)

// example fills in an example of the command that is shown, by its title.
func (b *tab) example(title string) {
	b.Helper()
	b.do(chromedp.Evaluate[chromedp.Void](`{
		const list = document.querySelector("select.examples");
		if (list) {
			list.value = [...list.options].find((o) => o.text === ` + strconv.Quote(title) + `).value;
			list.dispatchEvent(new Event("change"));
		} else document.querySelector(".bar > button[title]").click();
	}`))
}

// Every command has a page, whose form shows and sends its examples as they
// are; and the program that does the same compiles, and does it.
func TestToolHasEveryCommand(t *testing.T) {
	server := newServer(t)
	b := openTool(t, server, "/v4/im_open_login_svc/account_import")
	listed := eval[int](b, `document.querySelectorAll(".commands li").length`)
	if want := len(api.Commands()); listed != want {
		t.Errorf("%d commands are listed, there are %d", listed, want)
	}
	var programs []string
	at := ""
	for _, e := range api.Story() {
		if path := "/v4/" + e.Service + "/" + e.Command; path != at {
			at = path
			b.visit(at)
		}
		b.example(e.Title)
		b.sendIt()
		b.wantSent(string(e.Request))
		if notes := eval[string](b, `Array.from(document.querySelectorAll(".write .wrong:not([hidden])"), e => e.textContent).join("")`); notes != "" {
			t.Errorf("%s of %s: the form says %s", e.Title, at, notes)
		}
		if head := b.text(".facts .mark"); !strings.ContainsAny(head, "0123456789") {
			t.Errorf("%s of %s: %s", e.Title, at, head)
		}
		b.until(`document.querySelector("#panel-go pre").textContent.includes("package main")`)
		if note := b.text("#panel-go .note"); !strings.HasPrefix(note, "With the package client") {
			t.Errorf("%s of %s: %s", e.Title, at, note)
		}
		programs = append(programs, b.text("#panel-go pre"))
		if t.Failed() {
			return
		}
	}
	b.wantAccessible()
	runPrograms(t, server.URL, programs)
}

// runPrograms compiles all programs as one and runs the first ones, in the
// story's order, against another server, where each must succeed.
func runPrograms(t *testing.T, written string, programs []string) {
	t.Helper()
	const run = 25 // of these, none needs what only its server has made
	another := newServer(t)
	folder, err := os.MkdirTemp(".", "programs")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(folder) })
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	calls := &strings.Builder{}
	for i, program := range programs {
		program = strings.ReplaceAll(program, strconv.Quote(written), strconv.Quote(another.URL))
		write(fmt.Sprintf("call%d.go", i), strings.Replace(program, "func main() {", fmt.Sprintf("func call%d() {", i), 1))
		if i < run {
			fmt.Fprintf(calls, "\tcall%d()\n", i)
		} else {
			fmt.Fprintf(calls, "\t_ = call%d\n", i)
		}
	}
	write("main.go", "package main\n\nfunc main() {\n"+calls.String()+"}\n")
	command := exec.Command("go", "run", "./"+folder)
	command.Env = append(os.Environ(), "RECANT_KEY="+apitest.Key)
	if out, err := command.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	if out, err := exec.Command("gofmt", "-l", folder).CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("gofmt: %v\n%s", err, out)
	}
}

// What the page gives for a shell does what the page does, whatever it holds.
func TestToolGivesTheSameAsCurl(t *testing.T) {
	server := newServer(t)
	server.Call(t, "group_open_http_svc", "create_group", `{"Type":"Public","Name":"n","GroupId":"g"}`).MustOK(t)
	b := openTool(t, server, groups+"send_group_msg")
	const hostile = "it's `id` $(id) $HOME \\ \"quoted\" !! @file\n\t\u202e 😀 %s \u0001 '\\''"
	quotedText := quoteJS(b, hostile)
	shell := func(withSig bool, random string) string {
		t.Helper()
		b.asJSON(`{"GroupId":"g","Random":` + random + `,"MsgBody":[{"MsgType":"TIMTextElem","MsgContent":{"Text":` + quotedText + `}}]}`)
		b.click("#tab-curl")
		if b.do(chromedp.Evaluate[chromedp.Void](`{ const e = document.querySelector("#panel-curl input"); if (e.checked !== ` + strconv.FormatBool(withSig) + `) e.click(); }`)); withSig {
			b.until(`!document.querySelector("#panel-curl pre").textContent.includes("USERSIG")`)
		}
		b.until(`document.querySelector("#panel-curl pre").textContent.includes(` + strconv.Quote(`"Random":`+random) + `)`)
		b.wantAccessible()
		b.click("[data-way=form]") // the same body, in one line
		return b.text("#panel-curl pre")
	}
	for i, c := range []struct {
		withSig bool
		before  string
	}{{true, ""}, {false, "USERSIG='" + userSig(t) + "'\n"}} {
		script := shell(c.withSig, strconv.Itoa(i+1))
		for _, name := range []string{"bash", "sh"} {
			out, err := exec.Command(name, "-c", c.before+script).CombinedOutput()
			if err != nil || !strings.Contains(string(out), `"ErrorCode":0`) {
				t.Fatalf("%s: %v %s\n%s", name, err, out, script)
			}
		}
	}
	var history struct {
		Rows []struct {
			Body []struct{ MsgContent struct{ Text string } } `json:"MsgBody"`
		} `json:"RspMsgList"`
	}
	server.Call(t, "group_open_http_svc", "group_msg_get_simple", `{"GroupId":"g","ReqMsgNumber":20}`).MustOK(t).Decode(t, &history)
	if len(history.Rows) != 2 { // the shells' repeats are de-duplicated
		t.Errorf("%d messages came", len(history.Rows))
	}
	for _, row := range history.Rows {
		if got := row.Body[0].MsgContent.Text; got != hostile {
			t.Errorf("%q came, not %q", got, hostile)
		}
	}
}
