package console

import (
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"path"
	"regexp"
	"strings"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// nextAnswer is what the handler behind the pages says.
const nextAnswer = "the protocol"

func newServer(t *testing.T, o Options) *httptest.Server {
	t.Helper()
	next := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, nextAnswer) })
	s := httptest.NewServer(Handler(next, o))
	t.Cleanup(func() {
		s.Client().CloseIdleConnections()
		s.Close()
	})
	return s
}

// ask sends a request and follows no redirection.
func ask(t *testing.T, s *httptest.Server, method, path string, header http.Header) (*http.Response, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, s.URL+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, values := range header {
		request.Header[http.CanonicalHeaderKey(name)] = values
	}
	response, err := s.Client().Transport.RoundTrip(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response, string(body)
}

func TestAPageThatIsOffIsNoPath(t *testing.T) {
	for _, c := range []struct {
		options Options
		off     []string
	}{
		{Options{}, []string{"/debug/", "/debug", "/console/", "/console", "/shared/base.css", "/"}},
		{Options{Debug: true}, []string{"/console/", "/console/main.js", "/"}},
		{Options{Console: true}, []string{"/debug/", "/debug/main.js", "/v4/a/b"}},
	} {
		s := newServer(t, c.options)
		for _, path := range c.off {
			if _, body := ask(t, s, http.MethodGet, path, nil); body != nextAnswer {
				t.Errorf("%+v: %s answers %.60q", c.options, path, body)
			}
		}
	}
}

func TestCallsPassThePagesBy(t *testing.T) {
	s := newServer(t, Options{Debug: true, Console: true})
	for _, path := range []string{"/v4/group_open_http_svc/create_group", "/console/", "/openapi.json", "/"} {
		if _, body := ask(t, s, http.MethodPost, path, nil); body != nextAnswer {
			t.Errorf("POST %s answers %.60q", path, body)
		}
	}
	// Paths that a router would clean are the protocol's to refuse.
	for _, path := range []string{"//v4/a", "/v4/../x", "/a/./b", "/console", "/consoles/", "//console/"} {
		method := http.MethodPost
		if path != "/console" {
			method = http.MethodGet
		}
		if response, body := ask(t, s, method, path, nil); body != nextAnswer || response.StatusCode != http.StatusOK {
			t.Errorf("%s %s answers %d %.60q", method, path, response.StatusCode, body)
		}
	}
}

func TestTheDocumentIsServedWithAndWithoutPages(t *testing.T) {
	for _, o := range []Options{{}, {Debug: true, Console: true}} {
		o.Document = []byte(`{"openapi":"3.1.0"}`)
		response, body := ask(t, newServer(t, o), http.MethodGet, "/openapi.json", nil)
		if body != string(o.Document) || response.Header.Get("Content-Type") != "application/json" {
			t.Errorf("answers %q %v", body, response.Header)
		}
	}
}

// assetPaths lists the URLs of all files.
func assetPaths(t *testing.T) []string {
	t.Helper()
	var list []string
	err := fs.WalkDir(embedded, "assets", func(name string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			list = append(list, strings.TrimPrefix(name, "assets"))
		}
		return err
	})
	if err != nil || len(list) == 0 {
		t.Fatal(len(list), err)
	}
	return list
}

func TestEveryFileIsServedUnderTheStrictPolicy(t *testing.T) {
	s := newServer(t, Options{Document: []byte("{}"), Debug: true, Console: true})
	types := map[string]string{".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
	for _, path := range append(assetPaths(t), "/debug/", "/console/", "/openapi.json") {
		response, body := ask(t, s, http.MethodGet, path, nil)
		header := response.Header
		if response.StatusCode != http.StatusOK || body == nextAnswer {
			t.Errorf("%s answers %d %.40q", path, response.StatusCode, body)
		}
		for name, want := range map[string]string{
			"Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
				"base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
			"Cross-Origin-Opener-Policy": "same-origin",
			"Referrer-Policy":            "no-referrer",
			"X-Content-Type-Options":     "nosniff",
			"X-Frame-Options":            "DENY",
		} {
			if got := header.Get(name); got != want {
				t.Errorf("%s: %s is %q, want %q", path, name, got, want)
			}
		}
		if want := types[extension(path)]; !strings.HasPrefix(header.Get("Content-Type"), want) {
			t.Errorf("%s is %s, want %s", path, header.Get("Content-Type"), want)
		}
	}
}

// extension is that of the file that a path serves.
func extension(p string) string {
	if strings.HasSuffix(p, "/") {
		return ".html"
	}
	return path.Ext(p)
}

func TestAFileIsSentAgainOnlyWhenItChanged(t *testing.T) {
	s := newServer(t, Options{Console: true})
	first, _ := ask(t, s, http.MethodGet, "/shared/base.css", nil)
	again, body := ask(t, s, http.MethodGet, "/shared/base.css", http.Header{"If-None-Match": {first.Header.Get("ETag")}})
	if again.StatusCode != http.StatusNotModified || body != "" {
		t.Errorf("answers %d %.40q", again.StatusCode, body)
	}
	other, _ := ask(t, s, http.MethodGet, "/console/", nil)
	if other.Header.Get("ETag") == first.Header.Get("ETag") {
		t.Error("two files have one tag")
	}
}

func TestOnlyFilesOfThePagesAreServed(t *testing.T) {
	s := newServer(t, Options{Console: true})
	for _, path := range []string{"/console/no.js", "/console/..%2f..%2fconsole.go", "/shared/", "/shared/%2e%2e/debug/main.js", "/console/../debug/main.js"} {
		if response, body := ask(t, s, http.MethodGet, path, nil); response.StatusCode == http.StatusOK && body != nextAnswer {
			t.Errorf("%s answers %.60q", path, body)
		}
	}
	for _, page := range []string{"/console", "/console/"} {
		response, _ := ask(t, s, http.MethodGet, page, nil)
		if moved := page + "/"; page == "/console" && response.Header.Get("Location") != moved {
			t.Errorf("%s leads to %q", page, response.Header.Get("Location"))
		}
	}
}

// What the policy would stop in the browser is not in the files: markup with
// scripts, styles or listeners in it, and addresses of other hosts.
func TestTheFilesKeepToThePolicy(t *testing.T) {
	inline := regexp.MustCompile(`(?i)<script(?:[^>]*[^>/])?>\s*[^<\s]|<style|\sstyle=|\son[a-z]+=|innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(`)
	remote := regexp.MustCompile(`(?i)(?:https?:)?//[a-z0-9-]+\.[a-z]{2,}`)
	for _, name := range assetPaths(t) {
		content, err := fs.ReadFile(embedded, "assets"+name)
		if err != nil {
			t.Fatal(err)
		}
		if found := inline.Find(content); found != nil {
			t.Errorf("%s has %q", name, found)
		}
		for _, address := range remote.FindAllString(string(content), -1) {
			if !strings.HasSuffix(address, "//www.w3.org") && !strings.HasSuffix(address, ".example") && !strings.HasSuffix(address, "//example.com") { // the name of a format, and names of nobody
				t.Errorf("%s names %s", name, address)
			}
		}
	}
}
