package api

import (
	"net/http"
	"net/netip"
	"strings"
)

// remoteAddress is the caller's address: the peer's, or, where the peer is a
// trusted proxy, the last address in X-Forwarded-For that is not one. It is
// invalid where the transport has no addresses.
func (s *Server) remoteAddress(r *http.Request) netip.Addr {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	address := peer.Addr().Unmap().WithZone("")
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0 && inNetworks(s.trustedProxies, address); i-- {
		hop, ok := parseHop(strings.TrimSpace(hops[i]))
		if !ok {
			break
		}
		address = hop.Unmap().WithZone("")
	}
	return address
}

// parseHop reads an element of X-Forwarded-For. Some proxies add the port.
func parseHop(text string) (netip.Addr, bool) {
	if address, err := netip.ParseAddr(text); err == nil {
		return address, true
	}
	withPort, err := netip.ParseAddrPort(text)
	return withPort.Addr(), err == nil
}

func addressText(address netip.Addr) string {
	if !address.IsValid() {
		return ""
	}
	return address.String()
}
