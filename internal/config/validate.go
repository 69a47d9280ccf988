package config

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"strings"
	"time"

	"github.com/recant-chat/recant/chat"
)

// validate checks what a single value cannot show.
func (s *Server) validate() error {
	if err := oneOf("log_format", s.LogFormat, "text", "json"); err != nil {
		return err
	}
	if err := oneOf("log_level", s.LogLevel, "debug", "info", "warn", "error"); err != nil {
		return err
	}
	if err := oneOf("debug_tool", s.DebugTool, DebugToolOn, DebugToolOff, DebugToolLoopback); err != nil {
		return err
	}
	if err := checkAddress("listen", s.Listen); err != nil {
		return err
	}
	if s.MetricsListen != "" {
		if err := checkAddress("metrics_listen", s.MetricsListen); err != nil {
			return err
		}
	}
	switch {
	case s.Data == "":
		return errors.New("data should name a directory")
	case (s.TLSCert == "") != (s.TLSKey == ""):
		return errors.New("tls_cert and tls_key should be given together")
	case s.PublicURL != "" && !IsBaseURL(s.PublicURL):
		return errors.New("public_url should be http:// or https:// and a host, such as https://chat.example.net")
	case s.RequestTimeout == 0 || s.ShutdownTimeout == 0 || s.IdleTimeout == 0:
		return errors.New("request_timeout, idle_timeout and shutdown_timeout should be above 0")
	}
	if s.MaxConcurrentCalls == 0 {
		return errors.New("max_concurrent_calls should be above 0")
	}
	if err := s.Policy.validate("", s.RequestTimeout); err != nil {
		return err
	}
	if err := checkAdmins("admin", s.Admins); err != nil {
		return err
	}
	seen := map[uint32]bool{}
	for i, app := range s.Applications {
		path := fmt.Sprintf("applications[%d]", i)
		if seen[app.SDKAppID] {
			return fmt.Errorf("%s.sdkappid %d is given twice", path, app.SDKAppID)
		}
		seen[app.SDKAppID] = true
		if err := app.validate(path, s.RequestTimeout); err != nil {
			return err
		}
	}
	return nil
}

// Level is the log level as slog has it.
func (s *Server) Level() slog.Level {
	var level slog.Level
	if err := level.UnmarshalText([]byte(s.LogLevel)); err != nil {
		return slog.LevelInfo
	}
	return level
}

func (a *Application) validate(path string, requestTimeout time.Duration) error {
	if a.SDKAppID == 0 {
		return fmt.Errorf("%s.sdkappid should be a whole number from 1 to 4294967295", path)
	}
	for i, k := range a.Keys {
		if k == "" || strings.ContainsAny(k.Reveal(), " \t\r\n") {
			return fmt.Errorf("%s.keys[%d] should be a key without white space", path, i)
		}
	}
	if err := checkAdmins(path+".admins", a.Admins); err != nil {
		return err
	}
	return a.Policy.validate(path, requestTimeout)
}

func checkAdmins(path string, admins []string) error {
	if len(admins) == 0 || len(admins) > maxAdmins {
		return fmt.Errorf("%s should name 1 to %d accounts", path, maxAdmins)
	}
	for i, admin := range admins {
		if !chat.ValidUserID(admin) {
			return fmt.Errorf("%s[%d] should be 1 to 32 printable ASCII characters with no space at either end", path, i)
		}
	}
	return nil
}

// IsBaseURL reports whether text can stand before the path of a call.
func IsBaseURL(text string) bool {
	u, err := url.Parse(text)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Hostname() != "" && u.RawQuery == "" && u.Fragment == ""
}

func checkAddress(path, address string) error {
	if _, _, err := net.SplitHostPort(address); err != nil {
		return fmt.Errorf("%s should be an address and a port such as 127.0.0.1:8080", path)
	}
	return nil
}

func (p *Policy) validate(path string, requestTimeout time.Duration) error {
	if err := p.Settings.Validate(); err != nil {
		return fmt.Errorf("%s.%w", join(path, "settings"), err)
	}
	webhook := join(path, "webhook")
	if err := p.Webhook.Validate(); err != nil {
		return fmt.Errorf("%s.%w", webhook, err)
	}
	if p.Webhook.URL != "" && p.Webhook.Patience()+p.Webhook.Timeout >= requestTimeout {
		// The call would be answered with 60008 and never by the policy.
		return fmt.Errorf("%s.timeout and a quarter of it, which a call waits for its turn, should be shorter than request_timeout", webhook)
	}
	return nil
}
