package api

import (
	"net/http"
	"testing"
)

func TestAllowedAddresses(t *testing.T) {
	for _, c := range []struct {
		allowed []string
		code    int
	}{
		{nil, 0},
		{[]string{"127.0.0.1"}, 0},
		{[]string{"192.0.2.1", "127.0.0.0/8"}, 0},
		{[]string{"::ffff:127.0.0.1"}, 0},
		{[]string{"::ffff:127.0.0.1/128"}, 0},
		{[]string{"::ffff:127.0.0.0/104"}, 0},
		{[]string{"::ffff:192.0.2.0/120"}, 60021},
		{[]string{"127.9.9.9/8"}, 0},
		{[]string{"127.0.0.2"}, 60021},
		{[]string{"::1", "192.0.2.0/24"}, 60021},
	} {
		f := serve(t, func(a *Application, _ *Options) { a.AllowedIPs = c.allowed })
		if got := *f.do(t, request{}).ErrorCode; got != c.code {
			t.Errorf("%v: got %d, want %d", c.allowed, got, c.code)
		}
	}
}

func TestForwardedAddresses(t *testing.T) {
	for _, c := range []struct {
		name    string
		trusted []string
		headers []string
		want    string
	}{
		{"nobody is trusted by default", nil, []string{"192.0.2.1"}, "127.0.0.1"},
		{"another proxy is trusted", []string{"192.0.2.9"}, []string{"192.0.2.1"}, "127.0.0.1"},
		{"a trusted proxy", []string{"127.0.0.0/8"}, []string{"192.0.2.1"}, "192.0.2.1"},
		{"without the header", []string{"127.0.0.1"}, nil, "127.0.0.1"},
		{"what the caller made up is not believed", []string{"127.0.0.1"}, []string{"203.0.113.5, 192.0.2.1"}, "192.0.2.1"},
		{"a chain of trusted proxies", []string{"127.0.0.1", "10.0.0.0/8"}, []string{"203.0.113.5, 192.0.2.1, 10.1.2.3", "10.4.5.6"}, "192.0.2.1"},
		{"trusted all the way", []string{"127.0.0.1", "10.0.0.0/8"}, []string{"10.1.2.3"}, "10.1.2.3"},
		{"no address in it", []string{"127.0.0.1"}, []string{"unknown"}, "127.0.0.1"},
		{"address with a port", []string{"127.0.0.1"}, []string{"192.0.2.1:4711"}, "192.0.2.1"},
		{"IPv6 with a port", []string{"127.0.0.1"}, []string{"[2001:db8::1]:4711"}, "2001:db8::1"},
		{"IPv6", []string{"127.0.0.1"}, []string{"2001:db8::1"}, "2001:db8::1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := serve(t, func(_ *Application, o *Options) { o.TrustedProxies = c.trusted })
			a := f.wantCode(t, 0, request{header: http.Header{"X-Forwarded-For": c.headers}})
			if a.RemoteIP != c.want {
				t.Errorf("got %q, want %q", a.RemoteIP, c.want)
			}
		})
	}
}

// A caller from elsewhere neither learns of the penalty nor can bring it about
// (spec 01 section 1.5, step 5 before step 6).
func TestAddressesComeBeforeThePenalty(t *testing.T) {
	limit := 1
	f := serve(t, func(a *Application, o *Options) {
		a.AllowedIPs, o.TrustedProxies = []string{"192.0.2.1"}, []string{"127.0.0.1"}
		a.AuthFailLimitPerMinute = &limit
	})
	from := func(address string, r request) request {
		r.header = http.Header{"X-Forwarded-For": {address}}
		return r
	}
	for range 3 {
		f.wantCode(t, 60021, from("192.0.2.2", badSig))
	}
	f.wantCode(t, 0, from("192.0.2.1", goodSig))
	for range 2 {
		f.wantCode(t, 70009, from("192.0.2.1", badSig))
	}
	f.wantCode(t, 60021, from("192.0.2.2", goodSig))
	f.wantCode(t, 70050, from("192.0.2.1", goodSig))
}
