package main

import (
	"context"
	"fmt"
	"io"
	"net/url"
	"time"
)

// sendCommand sends one message.
type sendCommand struct {
	target
	Device    string        `arg:"" help:"Id of the device."`
	Body      string        `arg:"" help:"Its measurements, a JSON object; - reads them from standard input."`
	Model     string        `placeholder:"DTMI" help:"DTMI of the device's model."`
	Component string        `help:"Component of the model."`
	Time      string        `help:"Time of the measurements: RFC 3339, or seconds or milliseconds since 1970."`
	MessageID string        `placeholder:"ID" help:"Id of the message."`
	Timeout   time.Duration `default:"1m" help:"How long to try (${default})."`
}

func (c *sendCommand) Run(ctx context.Context, w *world) error {
	body := []byte(c.Body)
	if c.Body == "-" {
		var err error
		if body, err = io.ReadAll(w.stdin); err != nil {
			return err
		}
	}
	client, err := c.open(w)
	if err != nil {
		return err
	}
	query := url.Values{}
	for name, value := range map[string]string{
		"modelId": c.Model, "component": c.Component, "timestamp": c.Time, "messageId": c.MessageID,
	} {
		if value != "" {
			query.Set(name, value)
		}
	}
	ctx, cancel := context.WithTimeout(ctx, c.Timeout)
	defer cancel()
	start := time.Now()
	path := "/api/devices/" + url.PathEscape(c.Device) + "/telemetry?" + query.Encode()
	if err := client.Post(ctx, path, body); err != nil {
		return err
	}
	_, err = fmt.Fprintf(w.stdout, "stored in %s\n", time.Since(start).Round(time.Millisecond))
	return err
}
