package cassandratest

import "testing"

// A cluster starts, loses a node, has another one hang, and gets both back.
func TestNodesComeAndGo(t *testing.T) {
	c := Start(t, 3)
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(c.Nodes[1].Kill())
	must(c.Nodes[2].Pause())
	must(c.Nodes[1].Start())
	must(c.Nodes[2].Resume())
	must(c.Nodes[2].Kill())
	must(c.Nodes[2].Start())
}
