package api

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"sync/atomic"

	"github.com/recant-chat/recant/chat"
	"golang.org/x/time/rate"
)

const (
	defaultAdmin          = "administrator"
	maxAdmins             = 10
	defaultCallsPerSecond = 200
	accountBatchPerSecond = 100
	defaultAuthFailLimit  = 60

	mappedBits = 96 // length of ::ffff:0:0/96, the IPv4 addresses within IPv6
)

// Application is one application (SDKAppID) that a Server serves.
type Application struct {
	SDKAppID uint32 // 1 to 4294967295
	// Keys are the secret keys. A UserSig made with any of them is valid, so
	// that keys can be rotated; without one every call is refused with 70016.
	Keys []string
	// Admins are the UserIDs that may call, at most 10; empty is administrator.
	Admins   []string
	Disabled bool // every call is refused with 60016
	// AllowedIPs are the addresses and CIDR networks that may call, others get
	// 60021; empty allows all.
	AllowedIPs []string
	// DisabledCommands are refused with 10026 or 60017. A command is given as
	// name or service/name.
	DisabledCommands []string
	// CallsPerSecond bounds the calls of each command, beyond it 60007; 0 is no
	// limit, nil is 200.
	CallsPerSecond *int
	// CommandLimits are the calls per second of single commands, by name or
	// service/name; 0 is no limit.
	CommandLimits map[string]int
	// AuthFailLimitPerMinute is how many UserSigs of one identifier may fail
	// within a minute before 70050; 0 switches that off, nil is 60.
	AuthFailLimitPerMinute *int
	LenientNumbers         bool     // accept integers sent as strings
	BlockedAccounts        []string // identifiers that are refused with 70051

	// Chat is the application's chat. The caller closes it after the server.
	Chat *chat.App
	// SignaturesValidSince returns the Unix second before which an identifier's
	// UserSigs no longer count (70052); nil asks Chat, if there is one.
	SignaturesValidSince func(ctx context.Context, identifier string) (int64, error)
}

// application is an Application as the server runs it.
type application struct {
	Application
	keys     atomic.Pointer[[]string] // replaced as a whole
	allowed  []netip.Prefix
	admins   map[string]bool
	blocked  map[string]bool
	disabled map[*Command]bool
	limits   map[*Command]*rate.Limiter // absent is unlimited
	sigs     *signatures
}

func newApplication(a Application, commands *registry) (*application, error) {
	app := &application{Application: a, admins: map[string]bool{}, blocked: map[string]bool{}, disabled: map[*Command]bool{}}
	if a.SDKAppID == 0 {
		return nil, errors.New("sdkappid must be 1 to 4294967295")
	}
	admins := a.Admins
	if len(admins) == 0 {
		admins = []string{defaultAdmin}
	}
	if len(admins) > maxAdmins {
		return nil, fmt.Errorf("%d admins, at most %d are allowed", len(admins), maxAdmins)
	}
	for _, admin := range admins {
		if !chat.ValidUserID(admin) {
			return nil, fmt.Errorf("admin %q is not a UserID", admin)
		}
		app.admins[admin] = true
	}
	if app.SignaturesValidSince == nil && a.Chat != nil {
		app.SignaturesValidSince = a.Chat.SignaturesValidSince
	}
	for _, account := range a.BlockedAccounts {
		app.blocked[account] = true
	}
	var err error
	if app.allowed, err = parseNetworks(a.AllowedIPs); err != nil {
		return nil, fmt.Errorf("allowed_ips: %w", err)
	}
	for _, name := range a.DisabledCommands {
		c, err := commands.named(name)
		if err != nil {
			return nil, fmt.Errorf("disabled_commands: %w", err)
		}
		app.disabled[c] = true
	}
	if app.limits, err = limitsOf(&app.Application, commands); err != nil {
		return nil, err
	}
	failLimit := defaultAuthFailLimit
	if a.AuthFailLimitPerMinute != nil {
		failLimit = *a.AuthFailLimitPerMinute
	}
	if failLimit < 0 {
		return nil, errors.New("auth_fail_limit_per_minute is negative")
	}
	app.sigs = newSignatures(failLimit)
	if err := app.setKeys(a.Keys); err != nil {
		return nil, err
	}
	return app, nil
}

// parseNetworks reads addresses and CIDR networks.
func parseNetworks(list []string) ([]netip.Prefix, error) {
	var networks []netip.Prefix
	for _, text := range list {
		if address, err := netip.ParseAddr(text); err == nil {
			address = address.Unmap()
			networks = append(networks, netip.PrefixFrom(address, address.BitLen()))
			continue
		}
		network, err := netip.ParsePrefix(text)
		if err != nil {
			return nil, fmt.Errorf("%q is neither an address nor a CIDR network", text)
		}
		// Peers' addresses are unmapped too; an IPv4 network in IPv6 form would
		// match none.
		if network.Addr().Is4In6() && network.Bits() >= mappedBits {
			network = netip.PrefixFrom(network.Addr().Unmap(), network.Bits()-mappedBits)
		}
		networks = append(networks, network.Masked())
	}
	return networks, nil
}

func inNetworks(networks []netip.Prefix, address netip.Addr) bool {
	return slices.ContainsFunc(networks, func(p netip.Prefix) bool { return p.Contains(address) })
}
