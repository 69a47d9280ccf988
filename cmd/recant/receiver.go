package main

import (
	"fmt"

	"github.com/recant-chat/recant/chat"
	"github.com/recant-chat/recant/internal/config"
	"github.com/recant-chat/recant/webhook"
)

// openWebhooks opens what calls an application's backend. An application
// without a URL has none, and neither has a server that only reads: what it
// refuses anyhow it asks nobody about.
func (s *server) openWebhooks(app config.Application) (chat.Webhooks, error) {
	settings, log := app.Webhook, s.log.With("sdkappid", app.SDKAppID)
	if (settings.URL == "") != (len(settings.Commands) == 0) {
		log.Warn("webhooks need url and commands, only one is configured and nothing is called")
	}
	if settings.URL == "" || s.config.ReadOnly {
		return chat.Webhooks{}, nil
	}
	options := webhook.Options{SDKAppID: app.SDKAppID, Logger: log}
	if s.metrics != nil {
		options.Metrics = s.metrics
	}
	receiver, err := webhook.New(settings, options)
	if err != nil {
		return chat.Webhooks{}, fmt.Errorf("application %d: webhook.%w", app.SDKAppID, err)
	}
	s.receivers = append(s.receivers, receiver)
	return chat.Webhooks{
		Receiver: receiver, Retries: int(settings.AfterRetries), Keep: settings.Keep,
		Deliverers: settings.MaxConcurrentAfter,
	}, nil
}
