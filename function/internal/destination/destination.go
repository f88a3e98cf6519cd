package destination

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
)

// IsCheck tells whether AWS IoT asks if this endpoint may be a
// destination of its rules (AWS IoT developer guide, "HTTP action destinations").
func IsCheck(r *http.Request) bool {
	return r.Header.Get("X-Amz-Rules-Engine-Message-Type") == "DestinationConfirmation"
}

// Confirmer confirms destinations.
type Confirmer struct {
	Allowed   bool              // else the operator is told, who can allow it
	Transport http.RoundTripper // opens the URL
	Log       *slog.Logger
}

// Confirm opens the URL that confirms, where the configuration allows
// it; else it tells the operator, who can allow it. The URL holds a token, so it is
// in no log. Only URLs of AWS IoT are opened: under amazonaws.com there is much
// that anybody can rent.
func (c *Confirmer) Confirm(r *http.Request, body []byte) {
	var asked struct {
		ARN       string `json:"arn"`
		EnableURL string `json:"enableUrl"`
	}
	_ = json.Unmarshal(body, &asked) // what cannot be read names no URL
	u, err := url.Parse(asked.EnableURL)
	if err != nil || u.Scheme != "https" || u.User != nil || !isAWSIoT(u.Host) {
		return
	}
	log := c.Log.With("arn", asked.ARN)
	if !c.Allowed {
		log.WarnContext(
			r.Context(),
			"AWS IoT asks whether it may deliver here: set AWS_CONFIRM_DESTINATIONS=true and let it ask again",
		)
		return
	}
	if err := c.open(r.Context(), asked.EnableURL); err != nil {
		log.ErrorContext(r.Context(), "a destination of AWS IoT could not be confirmed", "error", err.Error())
		return
	}
	log.LogAttrs(r.Context(), slog.LevelInfo, "destination of AWS IoT confirmed")
}

// isAWSIoT knows the hosts of the service itself, as in iot.eu-west-1.amazonaws.com.
func isAWSIoT(host string) bool {
	labels := strings.Split(strings.TrimSuffix(host, ".cn"), ".")
	return len(labels) == 4 && labels[0] == "iot" && labels[2] == "amazonaws" && labels[3] == "com"
}

func (c *Confirmer) open(ctx context.Context, address string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		return err
	}
	resp, err := c.Transport.RoundTrip(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	_, err = io.Copy(io.Discard, io.LimitReader(resp.Body, 64<<10))
	if err == nil && resp.StatusCode >= http.StatusBadRequest {
		return errors.New("AWS IoT answers " + resp.Status)
	}
	return err
}
