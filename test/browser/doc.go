// Package browser holds no program, only tests: it drives the pages of package
// console in a real Chromium, as a person would, against a server on the real
// engine. On every page it sees to it that nothing is asked of another host,
// that the Content-Security-Policy stops nothing the page needs, and that no
// script fails.
package browser
