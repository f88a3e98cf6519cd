package hub

import (
	"net/http"
	"strings"

	"mayfly/emulator/internal/exchange"
	"mayfly/emulator/internal/record"
	"mayfly/emulator/internal/wire"
)

const (
	appPrefix    = "iothub-app-"
	systemPrefix = "iothub-"
	creationTime = "iothub-creation-time-utc"
	maxIDBytes   = 128 // of a message id or a correlation id
)

// readHeader reads the properties of a single event.
func readHeader(ev *record.Event, x *exchange.Exchange) {
	for name, values := range x.Request.Header {
		if !strings.HasPrefix(name, "Iothub-") && name != "Dt-Subject" {
			continue
		}
		if len(values) > 1 {
			x.Lenient("header " + wire.Clip(name, 64) + " more than once: the first is used")
		}
		setProperty(ev, strings.ToLower(name), values[0])
	}
}

// setProperty sets what one header says, or one member of a batch's properties, which have the same names
// (azure-iot-sdk-csharp HttpTransportHandler.cs, azure-iot-sdk-java HttpsSingleMessage.java, azure-iot-sdk-node
// http.ts). The name is in lower case: over HTTPS, and in routing queries, the case of a name does not matter.
func setProperty(ev *record.Event, name, value string) {
	switch name {
	case "iothub-messageid":
		ev.MessageID = value
	case "iothub-correlationid":
		ev.CorrelationID = value
	case "iothub-userid":
		ev.UserID = value
	case "iothub-contenttype":
		ev.ContentType = value
	case "iothub-contentencoding":
		ev.ContentEncoding = value
	case "dt-subject":
		ev.Component = value
	case creationTime, "iothub-creationtimeutc":
		ev.CreationTime = value
	default:
		if app, ok := strings.CutPrefix(name, appPrefix); ok {
			setAppProperty(ev, app, value)
		} else if strings.HasPrefix(name, systemPrefix) {
			if ev.System == nil {
				ev.System = map[string]string{}
			}
			ev.System[name] = value
		}
	}
}

func setAppProperty(ev *record.Event, name, value string) {
	if ev.Properties == nil {
		ev.Properties = map[string]string{}
	}
	ev.Properties[name] = value
	switch {
	case name == "$.sub" && ev.Component == "":
		ev.Component = value
	case name == creationTime && ev.CreationTime == "":
		ev.CreationTime = value
	}
}

// size is what counts against 256 KB: the body, the values of system properties, and names and values of application
// properties (azure-docs iot-hub-devguide-messages-construct.md).
func size(ev *record.Event) int {
	n := len(ev.Body) + len(ev.MessageID) + len(ev.CorrelationID) + len(ev.UserID) + len(ev.ContentType) +
		len(ev.ContentEncoding)
	for k, v := range ev.Properties {
		n += len(k) + len(v)
	}
	for _, v := range ev.System {
		n += len(v)
	}
	return n
}

// check refuses what a hub does not store. It reports to lenient what is accepted without a document that says so.
func check(ev *record.Event, lenient func(string)) *wire.Refusal {
	if size(ev) > maxEventBytes {
		return tooLarge()
	}
	for _, id := range []string{ev.MessageID, ev.CorrelationID} {
		if len(id) > maxIDBytes {
			return wire.Refuse(http.StatusBadRequest, 400004, "A message id or correlation id is over %d characters.",
				maxIDBytes)
		}
		if !validMessageID(id) {
			lenient("message id outside the documented set")
		}
	}
	if ev.ContentType == "" {
		lenient("no iothub-contenttype")
	}
	for k, v := range ev.Properties {
		if !validProperty(k) || k != creationTime && !validProperty(v) {
			lenient("property outside the documented set")
			break
		}
	}
	return nil
}

// validProperty is the set that the documents allow in names and values of properties over HTTPS (azure-docs
// iot-hub-devguide-messages-construct.md). The SDKs send times, which are outside of it, and hubs accept them
// (iotc-device-bridge#60).
func validProperty(s string) bool {
	for i := range len(s) {
		if !wire.IsAlphanumeric(s[i]) && strings.IndexByte("!#$%&'*+-.^_`|~", s[i]) < 0 {
			return false
		}
	}
	return true
}

// validMessageID is the set of azure-docs iot-hub-devguide-messages-construct.md.
func validMessageID(id string) bool {
	for i := range len(id) {
		if !wire.IsAlphanumeric(id[i]) && strings.IndexByte("-:.+%_#*?!(),=@;$'", id[i]) < 0 {
			return false
		}
	}
	return true
}
