package downlink

import (
	"maps"
	"net/textproto"
	"net/url"
	"slices"
	"strings"
	"time"

	"mayfly/internal/redact"
	"mayfly/transform/mapping"
	"mayfly/transform/message"
)

// Push says how messages are handed to the cloud that speaks for the devices: each by one HTTP request. Its jq texts
// are over {message, device, request, settings}: the [Message] as Order shows it, what the cloud calls the device, the
// request that is answered with its body (null where there is none), and the settings.
type Push struct {
	// To is the cloud's address, as in https://eu1.cloud.thethings.network: without it nothing is pushed, and nothing
	// is pushed elsewhere.
	To  string      `yaml:"to"`
	Key redact.Text `yaml:"key"` // the cloud's API key, or a reference to it
	// Settings are values that the expressions need, such as the name of an application.
	Settings map[string]string `yaml:"settings"`
	// PlainHTTP allows http:// for an address that is not of this machine.
	PlainHTTP bool          `yaml:"plainHTTP"`
	Timeout   time.Duration `yaml:"timeout"`  // of each request; 5s
	Port      int           `yaml:"port"`     // LoRaWAN fPort where neither message nor codec says one
	MaxBytes  int           `yaml:"maxBytes"` // that a device takes at a time; 242, those of a LoRaWAN frame

	KeyHeader  string `yaml:"keyHeader"`  // the header that the key goes into; Authorization
	KeyPrefix  string `yaml:"keyPrefix"`  // before the key, as in "Bearer "
	RequestKey string `yaml:"requestKey"` // the header of the uplink that has the key, where key is left out
	// CloudCodec says that the cloud encodes JSON objects itself, where the source has no codec that does.
	CloudCodec bool `yaml:"cloudCodec"`

	Method string       `yaml:"method"` // POST
	Device mapping.Expr `yaml:"device"` // what the cloud calls the device; .message.deviceId
	// URL gives the path below the address, or a URL that begins with the address. It may add a query.
	URL     mapping.Expr            `yaml:"url"`
	Headers map[string]mapping.Expr `yaml:"headers"` // name: jq; null leaves it out
	Body    mapping.Expr            `yaml:"body"`    // what is sent, as JSON
	// Failed is over the JSON of an answer that is 2xx: true, or a text, where it tells of a failure all the same. By
	// default an object with error, errors or success: false does.
	Failed mapping.Expr `yaml:"failed"`
}

// prefix is where a push stands in a definition.
const prefix = "downlink.push."

// unaddressed tells what is wrong with a description without an address: a key that goes nowhere.
func (p *Push) unaddressed() message.Faults {
	if p.Key.IsZero() && len(p.Settings) == 0 {
		return nil
	}
	return message.Faults{{Field: prefix + "to", Problem: "is missing: the address of the cloud, as in " +
		"https://eu1.cloud.thethings.network; nothing is pushed without it"}}
}

// members lists the expressions that stand alone.
func (p *Push) members() []struct {
	name string
	text *mapping.Expr
} {
	return []struct {
		name string
		text *mapping.Expr
	}{{"device", &p.Device}, {"url", &p.URL}, {"body", &p.Body}, {"failed", &p.Failed}}
}

// Each changes every expression by a function.
func (p *Push) Each(change func(field string, e mapping.Expr) mapping.Expr) {
	for _, m := range p.members() {
		*m.text = change(prefix+m.name, *m.text)
	}
	for _, name := range slices.Sorted(maps.Keys(p.Headers)) {
		p.Headers[name] = change(prefix+"headers."+name, p.Headers[name])
	}
}

// Inherit takes what a description leaves out from another one; of settings and headers the members.
func (p *Push) Inherit(base *Push) {
	theirs := base.members()
	for i, mine := range p.members() {
		if mine.text.IsZero() {
			*mine.text = *theirs[i].text
		}
	}
	p.Settings, p.Headers = over(base.Settings, p.Settings), over(base.Headers, p.Headers)
	if p.To == "" { // an address and its key belong together
		p.To, p.PlainHTTP = base.To, base.PlainHTTP
		if p.Key.IsZero() {
			p.Key = base.Key
		}
	}
	inherit(&p.Timeout, base.Timeout)
	inherit(&p.Port, base.Port)
	inherit(&p.MaxBytes, base.MaxBytes)
	inherit(&p.KeyHeader, base.KeyHeader)
	inherit(&p.KeyPrefix, base.KeyPrefix)
	inherit(&p.RequestKey, base.RequestKey)
	inherit(&p.CloudCodec, base.CloudCodec)
	inherit(&p.Method, base.Method)
}

func inherit[T comparable](mine *T, base T) {
	var none T
	if *mine == none {
		*mine = base
	}
}

func over[T any](base, mine map[string]T) map[string]T {
	if base == nil {
		return mine
	}
	out := maps.Clone(base)
	maps.Copy(out, mine)
	return out
}

// Limits of what a push may hold.
const (
	maxHeaders = 16
	maxTimeout = 30 * time.Second
)

// check tells what is wrong with a description besides its expressions.
func (p *Push) check() (to *url.URL, faults message.Faults) {
	fault := func(member, problem string) {
		faults = append(faults, &message.Fault{Field: prefix + member, Problem: problem})
	}
	if p.To != "" {
		var err error
		if to, err = parseAddress(p.To, p.PlainHTTP); err != nil {
			fault("to", err.Error())
		}
		if p.URL.IsZero() {
			fault("url", "is missing: the path below the address")
		}
	}
	if p.Method != "" && !slices.Contains([]string{"POST", "PUT", "PATCH"}, p.Method) {
		fault("method", message.Quote(p.Method)+" is not known: want POST, PUT or PATCH")
	}
	if p.Timeout < 0 || p.Timeout > maxTimeout {
		fault("timeout", "must be up to "+maxTimeout.String())
	}
	if p.Port < 0 || p.Port > 223 {
		fault("port", "must be from 1 to 223")
	}
	if p.MaxBytes < 0 || p.MaxBytes > MaxBody {
		fault("maxBytes", "must be from 1 to 65536")
	}
	if len(p.Headers) > maxHeaders {
		fault("headers", "may hold 16 headers")
	}
	for _, name := range slices.Sorted(maps.Keys(p.Headers)) {
		if !message.ValidProperty(name) || refusedHeader(name) ||
			textproto.CanonicalMIMEHeaderKey(name) == textproto.CanonicalMIMEHeaderKey(p.KeyHeader) {
			fault("headers", message.Quote(name)+" cannot be set here")
		}
	}
	for _, h := range []struct{ member, name string }{{"keyHeader", p.KeyHeader}, {"requestKey", p.RequestKey}} {
		if h.name != "" && (!message.ValidProperty(h.name) || h.member == "keyHeader" && refusedHeader(h.name) &&
			!strings.EqualFold(h.name, "authorization")) {
			fault(h.member, message.Quote(h.name)+" is not the name of such a header")
		}
	}
	return to, faults
}

// refusedHeader knows the headers that belong to the connection, and that of keys: those come from key alone.
func refusedHeader(name string) bool {
	switch name = strings.ToLower(name); name {
	case "authorization", "cookie", "host", "content-length", "connection", "keep-alive", "te",
		"trailer", "transfer-encoding", "upgrade", "expect", "forwarded":
		return true
	}
	return strings.HasPrefix(name, "proxy-") || strings.HasPrefix(name, "x-forwarded-")
}
