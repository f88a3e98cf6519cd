package sas

import (
	"encoding/base64"
	"net/url"
	"strconv"
	"time"
)

// Token signs resource until expiry and returns the value of the Authorization
// header. keyName is "registration" for DPS and empty for a device at a hub.
//
// The text that is signed is the URL-encoded resource, a line feed and the
// expiry in Unix seconds (azure-docs, iot-dps/iot-dps-https-sym-key-support.md
// and iot-hub/iot-hub-dev-guide-sas.md).
func Token(key Key, resource, keyName string, expiry time.Time) string {
	sr := url.QueryEscape(resource)
	se := strconv.FormatInt(expiry.Unix(), 10)
	sig := url.QueryEscape(base64.StdEncoding.EncodeToString(key.mac(sr + "\n" + se)))
	token := "SharedAccessSignature sr=" + sr + "&sig=" + sig + "&se=" + se
	if keyName != "" {
		token += "&skn=" + keyName
	}
	return token
}
