package browser

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/recant-chat/recant/api"
	"github.com/recant-chat/recant/api/apitest"
	"github.com/recant-chat/recant/console"
	"github.com/recant-chat/recant/test/sdktest"
)

// patience bounds what a test waits for: a loaded machine is slow.
const patience = time.Minute

// newServer starts a server with both pages, which tells the machine's time.
func newServer(t *testing.T, change ...func(*apitest.Options)) *apitest.Server {
	t.Helper()
	document, err := api.OpenAPI()
	if err != nil {
		t.Fatal(err)
	}
	o := apitest.DefaultOptions()
	o.SystemClock = true
	o.Around = func(next http.Handler) http.Handler {
		return console.Handler(next, console.Options{Document: document, Debug: true, Console: true})
	}
	for _, f := range change {
		f(&o)
	}
	return apitest.New(t, o)
}

// tab is a tab of the browser, which ends with the test. Whatever a page does
// that it should not fails the test.
type tab struct {
	*testing.T
	ctx    context.Context
	server *apitest.Server

	mu       sync.Mutex
	requests []string // URLs
}

// open opens a path of the server in a new tab, 1280 by 800 and light.
func open(t *testing.T, server *apitest.Server, path string) *tab {
	t.Helper()
	ctx, closeTab := chromedp.NewContext(chromium)
	t.Cleanup(closeTab)
	b := &tab{T: t, ctx: ctx, server: server}
	if err := chromedp.Listen(ctx, b.watch); err != nil {
		t.Fatal(err)
	}
	command(b, network.Enable, network.EnableParams{})
	command(b, log.Enable, cdp.Empty{})
	command(b, runtime.Enable, cdp.Empty{})
	command(b, page.Enable, page.EnableParams{})
	b.colours("light")
	b.do(chromedp.EmulateViewport(1280, 800), chromedp.Navigate(server.URL+path))
	return b
}

// command sends a command of the browser's protocol.
func command[P, R any](b *tab, c cdp.Command[P, R], params P) {
	b.Helper()
	if _, err := chromedp.Call(b.ctx, c, params); err != nil {
		b.Fatal(err)
	}
}

func (b *tab) watch(event any) {
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		b.mu.Lock()
		b.requests = append(b.requests, e.Request.URL)
		b.mu.Unlock()
		if !strings.HasPrefix(e.Request.URL, b.server.URL+"/") && !strings.HasPrefix(e.Request.URL, "blob:") && !strings.HasPrefix(e.Request.URL, "data:") {
			b.Errorf("the page asked %s", e.Request.URL)
		}
	case *log.EventEntryAdded:
		if e.Entry.Level == log.EntryLevelError {
			b.Errorf("the browser complains: %s %s", e.Entry.Text, e.Entry.URL)
		}
	case *runtime.EventExceptionThrown:
		b.Errorf("a script failed: %+v %+v", e.ExceptionDetails, e.ExceptionDetails.Exception)
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.ConsoleAPICalledTypeError || e.Type == runtime.ConsoleAPICalledTypeWarning {
			b.Errorf("a script complains: %s", e.Args[0].Value)
		}
	case *page.EventJavascriptDialogOpening:
		b.Errorf("the page opened a dialog: %s", e.Message)
	}
}

// asked lists the URLs that the page asked for since the last call.
func (b *tab) asked() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	list := b.requests
	b.requests = nil
	return list
}

// do runs actions, each of which waits for what it needs.
func (b *tab) do(actions ...chromedp.Action[chromedp.Void]) {
	b.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, actions...); err != nil {
		b.Fatalf("%v; the page shows:\n%s", err, b.shown())
	}
}

// run is do for an action with a result.
func run[T any](b *tab, action chromedp.Action[T]) T {
	b.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	v, err := chromedp.Run(ctx, action)
	if err != nil {
		b.Fatalf("%v; the page shows:\n%s", err, b.shown())
	}
	return v
}

// shown is what a person reads on the page.
func (b *tab) shown() string {
	ctx, cancel := context.WithTimeout(b.ctx, 5*time.Second)
	defer cancel()
	text, _ := chromedp.Run(ctx, chromedp.Evaluate[string](`document.body?.innerText ?? ""`))
	return text
}

// eval is the value of an expression, which may be a promise.
func eval[T any](b *tab, expression string) T {
	b.Helper()
	return run(b, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
}

// until waits for an expression to become true.
func (b *tab) until(expression string) {
	b.Helper()
	deadline := time.Now().Add(patience)
	for !eval[bool](b, "!!("+expression+")") {
		if time.Now().After(deadline) {
			b.Fatalf("never became true: %s; the page shows:\n%s", expression, b.shown())
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// untilShown waits until the page shows a text.
func (b *tab) untilShown(text string) {
	b.Helper()
	b.until("document.body.innerText.includes(" + strconv.Quote(text) + ")")
}

// fill puts a text in the place of what a field holds, by the keyboard.
func (b *tab) fill(selector, text string) {
	b.Helper()
	b.do(chromedp.Focus(chromedp.CSS(selector)),
		chromedp.Evaluate[chromedp.Void](`document.querySelector(`+strconv.Quote(selector)+`).select?.()`), chromedp.KeyEvent(text))
}

// click clicks what a selector finds, once it can be seen.
func (b *tab) click(selector string) {
	b.Helper()
	b.do(chromedp.Click(chromedp.CSS(selector), chromedp.NodeVisible))
}

// press presses keys, one after the other: kb.Tab, kb.Enter, "j". As on a
// keyboard, a key that the page takes as a command types nothing.
func (b *tab) press(keys ...string) {
	b.Helper()
	for _, key := range keys {
		for _, r := range key {
			for _, event := range kb.Encode(r) {
				if event.Type == kb.KeyChar {
					continue
				}
				if event.Type == kb.KeyDown && kb.Keys[r] != nil {
					event.Text = kb.Keys[r].Text
				}
				command(b, input.DispatchKeyEvent, *event)
			}
		}
	}
}

// signIn fills in the form of a page with the server's key.
func (b *tab) signIn() {
	b.Helper()
	b.do(chromedp.WaitVisible(chromedp.CSS("#signin-app")))
	b.fill("#signin-app", strconv.Itoa(apitest.SDKAppID))
	b.fill("#signin-admin", apitest.Admin)
	b.fill("#signin-secret", apitest.Key)
	b.press(kb.Enter)
	b.until("!document.querySelector('#signin-secret')")
}

// phone makes the page as wide as a phone, dark shows it in dark colours.
func (b *tab) phone() { b.Helper(); b.do(chromedp.EmulateViewport(390, 844, chromedp.EmulateMobile)) }

func (b *tab) dark() { b.Helper(); b.colours("dark") }

func (b *tab) colours(scheme string) {
	b.Helper()
	command(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{
		{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: "reduce"},
	}})
}

// axe is the source of the checker of accessibility.
var axe = sync.OnceValues(func() (string, error) {
	source, err := os.ReadFile("node_modules/axe-core/axe.min.js")
	return string(source), err
})

// wantAccessible fails unless the checker finds nothing on the page as it is.
func (b *tab) wantAccessible() {
	b.Helper()
	sdktest.Need(b.T, "npm")
	if !sdktest.Installed(b.T, "package-lock.json", "node_modules/.package-lock.json") {
		sdktest.Run(b.T, nil, "npm", "ci", "--ignore-scripts")
	}
	source, err := axe()
	if err != nil {
		b.Fatal(err)
	}
	b.do(chromedp.Evaluate[chromedp.Void](source))
	type finding struct {
		ID, Help string
		Nodes    []struct{ HTML, FailureSummary string }
	}
	const all = `axe.run(document, {resultTypes: ["violations"]}).then(r => r.violations.map(v =>
		({ID: v.id, Help: v.help, Nodes: v.nodes.map(n => ({HTML: n.html, FailureSummary: n.failureSummary}))})))`
	for _, f := range eval[[]finding](b, all) {
		b.Errorf("%s: %s: %+v", f.ID, f.Help, f.Nodes)
	}
}

// wantNoOverflow fails where the page is wider than the screen.
func (b *tab) wantNoOverflow() {
	b.Helper()
	if wide := eval[int](b, "document.documentElement.scrollWidth - document.documentElement.clientWidth"); wide > 0 {
		widest := eval[string](b, `Array.from(document.querySelectorAll("body *")).filter(e => e.getBoundingClientRect().right > document.documentElement.clientWidth).map(e => e.outerHTML.slice(0, 120)).join("\n")`)
		b.Errorf("the page is %d pixels wider than the screen: %s", wide, widest)
	}
}

// screenshots is the folder of the pictures in the documents, "" unless they are
// to be made anew.
var screenshots = os.Getenv("RECANT_SCREENSHOTS")

// picture keeps what the screen shows as a picture of the documents.
func (b *tab) picture(name string) {
	b.Helper()
	if screenshots == "" {
		return
	}
	png := run(b, chromedp.CaptureScreenshot())
	if err := os.WriteFile(filepath.Join(screenshots, name+".png"), png, 0o644); err != nil {
		b.Fatal(err)
	}
}
