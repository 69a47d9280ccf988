// Package console serves what a person looks at in a browser: the description
// of the API under /openapi.json, the debugging tool under /debug/ and the
// moderation page under /console/.
//
// The pages are static. They call the protocol as every other caller does, and
// sign their calls in the browser: no key, and no UserSig outside of a call,
// ever reaches the server.
package console

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io/fs"
	"net/http"
	"path"
	"strings"
	"time"
)

//go:embed assets
var embedded embed.FS

// Options of a Handler.
type Options struct {
	// Document is the OpenAPI document that /openapi.json answers, in JSON; nil
	// is none.
	Document []byte
	// Debug serves the debugging tool, Console the moderation page.
	Debug, Console bool
}

// policy lets a page load what this server serves, and nothing else: no script
// in the page, no other host, no frame around it, no text made into markup.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"

// Handler answers the paths of the pages that are on, and passes every other
// request on to next as it came. A page that is off is no path of the server:
// next answers.
func Handler(next http.Handler, o Options) http.Handler {
	files := map[string]http.Handler{}       // by path
	directories := map[string]http.Handler{} // by the first part of the path
	if o.Document != nil {
		files["/openapi.json"] = file{name: "openapi.json", content: o.Document}.handler()
	}
	page := func(name string) {
		directories[name] = directory(name)
		directories["shared"] = directory("shared")
		files["/"+name] = http.RedirectHandler("/"+name+"/", http.StatusMovedPermanently)
	}
	if o.Debug {
		page("debug")
	}
	if o.Console {
		page("console")
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer := next
		if r.Method == http.MethodGet || r.Method == http.MethodHead {
			first, _, nested := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
			if h := files[r.URL.Path]; h != nil {
				answer = h
			} else if h := directories[first]; h != nil && nested {
				answer = h
			}
		}
		answer.ServeHTTP(w, r)
	})
}

// directory serves the files of a directory of assets under its name, and its
// index.html for the name alone. What leads out of the directory is not found.
func directory(dir string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		name := strings.TrimPrefix(r.URL.Path, "/"+dir+"/")
		if name == "" {
			name = "index.html"
		}
		if !fs.ValidPath(name) {
			http.NotFound(w, r)
			return
		}
		content, err := embedded.ReadFile(path.Join("assets", dir, name))
		if err != nil {
			http.NotFound(w, r)
			return
		}
		file{name: name, content: content}.handler().ServeHTTP(w, r)
	}
}

// file is a file as it is served.
type file struct {
	name    string
	content []byte
}

func (f file) handler() http.HandlerFunc {
	sum := sha256.Sum256(f.content)
	tag := `"` + hex.EncodeToString(sum[:12]) + `"`
	return func(w http.ResponseWriter, r *http.Request) {
		header := w.Header()
		header.Set("Content-Security-Policy", policy)
		header.Set("Cross-Origin-Opener-Policy", "same-origin")
		header.Set("Referrer-Policy", "no-referrer")
		header.Set("X-Content-Type-Options", "nosniff")
		header.Set("X-Frame-Options", "DENY")
		header.Set("Cache-Control", "no-cache") // asks again, and the tag answers
		header.Set("ETag", tag)
		http.ServeContent(w, r, f.name, time.Time{}, bytes.NewReader(f.content))
	}
}
