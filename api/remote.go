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
		hop, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
		if err != nil {
			break
		}
		address = hop.Unmap().WithZone("")
	}
	return address
}

func addressText(address netip.Addr) string {
	if !address.IsValid() {
		return ""
	}
	return address.String()
}
