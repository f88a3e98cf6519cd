package signature

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"net/http"
	"slices"
	"strings"

	"mayfly/function/internal/httpquery"
)

// soracomBeam is Soracom Beam's signature, version 20151001: the hex SHA-256 of
// the pre-shared key and all x-soracom headers but the signature's own, sorted
// (users.soracom.io, "Verify the signature"). It covers the headers, which name
// the SIM, and not the body: what keeps the body is TLS.
type soracomBeam struct{}

func (soracomBeam) Shown(r *http.Request) bool { return r.Header.Get("X-Soracom-Signature") != "" }

func (s soracomBeam) verify(q *asked) (claim, error) { return verifyCode(q, s) }

func (soracomBeam) claim(q *asked) (claim, bool) {
	r := q.Request
	code, err := hex.DecodeString(r.Header.Get("X-Soracom-Signature"))
	if err != nil || len(code) != sha256.Size {
		return claim{}, false
	}
	if version := r.Header.Get("X-Soracom-Signature-Version"); version != "" && version != "20151001" {
		return claim{}, false
	}
	// Without any of these the mapping would believe the body, which nobody signed.
	namesDevice := func(name string) bool { return r.Header.Get("X-Soracom-"+name) != "" }
	if !slices.ContainsFunc(soracomDevice, namesDevice) {
		return claim{}, false
	}
	var pairs []string
	for name, values := range r.Header {
		lower := strings.ToLower(name)
		if !strings.HasPrefix(lower, "x-soracom-") || strings.HasPrefix(lower, "x-soracom-signature") {
			continue
		}
		if len(values) != 1 {
			return claim{}, false // which of them was signed, and which would be read?
		}
		pairs = append(pairs, lower+"="+values[0])
	}
	slices.Sort(pairs)
	stamp := r.Header.Get("X-Soracom-Timestamp")
	return claim{
		codes:  [][]byte{code},
		signed: []byte(strings.Join(pairs, "")),
		time:   signedTime(stamp),
		timed:  true,
	}, true
}

// soracomDevice are the headers, after X-Soracom-, that may name the device.
var soracomDevice = []string{"Imsi", "Sim-Id", "Imei", "Lora-Device-Id", "Sigfox-Device-Id", "Device-Id"}

// Covers tells of the headers of Soracom but those of the signature itself.
func (soracomBeam) Covers(p Part, name string) bool {
	name = strings.ToLower(name)
	return p == PartHeaders && strings.HasPrefix(name, "x-soracom-") && !strings.HasPrefix(name, "x-soracom-signature")
}

func (soracomBeam) code(key []byte, c *claim) []byte { return sumOf(key, c.signed) }

func sumOf(parts ...[]byte) []byte {
	h := sha256.New()
	for _, part := range parts {
		h.Write(part)
	}
	return h.Sum(nil)
}

// actilityToken is the Token that ThingPark adds to the query: the hex SHA-256 of
// some members of the uplink, the other parameters as they were before escaping,
// and the application server's key in lower case. Of the reports only uplinks
// have a documented rule, so no other is taken from a signed source.
type actilityToken struct{}

// uplink holds the members that the token covers.
type uplink struct{ customer, device, port, count, payload string }

func (actilityToken) Shown(r *http.Request) bool { return strings.Contains(r.URL.RawQuery, "Token=") }

func (s actilityToken) verify(q *asked) (claim, error) { return verifyCode(q, s) }

func (actilityToken) claim(a *asked) (claim, bool) {
	q := httpquery.Values(a.Request)
	for _, name := range append(slices.Clip(actilityParameters), "Token") {
		if len(q[name]) > 1 {
			return claim{}, false
		}
	}
	code, err := hex.DecodeString(q.Get("Token"))
	if err != nil || len(code) != sha256.Size {
		return claim{}, false
	}
	u, ok := readUplink(a.body.Raw)
	// The device of the query is covered as well; it has to be the body's.
	if !ok || !strings.EqualFold(u.device, q.Get("LrnDevEui")) {
		return claim{}, false
	}
	signed := u.customer + u.device + u.port + u.count + u.payload +
		"LrnDevEui=" + q.Get("LrnDevEui") + "&LrnFPort=" + q.Get("LrnFPort") + "&LrnInfos=" + q.Get("LrnInfos") +
		"&AS_ID=" + q.Get("AS_ID") + "&Time=" + q.Get("Time")
	return claim{codes: [][]byte{code}, signed: []byte(signed), time: signedTime(q.Get("Time")), timed: true}, true
}

// actilityParameters are those of the query that the token covers, in its order.
var actilityParameters = []string{"LrnDevEui", "LrnFPort", "LrnInfos", "AS_ID", "Time"}

// Covers tells of the parameters that the token is made of.
func (actilityToken) Covers(p Part, name string) bool {
	return p == PartQuery && slices.Contains(actilityParameters, name)
}

func (actilityToken) code(key []byte, c *claim) []byte {
	return sumOf(c.signed, []byte(strings.ToLower(string(key))))
}

// readUplink reads the members as the mapping will: by their exact names, and
// each once. Were it laxer than the mapping, a signed report could carry a second
// device beside the one that was signed.
func readUplink(body []byte) (*uplink, bool) {
	read := jsonUplink
	if strings.HasPrefix(strings.TrimSpace(string(body)), "<") {
		read = xmlUplink
	}
	member, ok := read(body)
	if !ok {
		return nil, false
	}
	u := &uplink{member("CustomerID"), member("DevEUI"), member("FPort"), member("FCntUp"), member("payload_hex")}
	return u, u.device != ""
}

func jsonUplink(body []byte) (func(name string) string, bool) {
	var report map[string]map[string]json.RawMessage
	if json.Unmarshal(body, &report) != nil || len(report) != 1 {
		return nil, false
	}
	members := report["DevEUI_uplink"]
	return func(name string) string {
		var text string
		if json.Unmarshal(members[name], &text) != nil {
			text = string(members[name]) // a number
		}
		return text
	}, members != nil
}

func xmlUplink(body []byte) (func(name string) string, bool) {
	var report struct {
		XMLName xml.Name
		Attrs   []xml.Attr `xml:",any,attr"`
		Members []struct {
			XMLName xml.Name
			Text    string `xml:",chardata"`
		} `xml:",any"`
	}
	if xml.Unmarshal(body, &report) != nil || report.XMLName.Local != "DevEUI_uplink" {
		return nil, false
	}
	for _, attr := range report.Attrs {
		if attr.Name.Local != "xmlns" && attr.Name.Space != "xmlns" {
			return nil, false
		}
	}
	members := map[string]string{}
	for _, m := range report.Members {
		name := m.XMLName.Local
		if _, twice := members[name]; twice &&
			slices.Contains([]string{"CustomerID", "DevEUI", "FPort", "FCntUp", "payload_hex"}, name) {
			return nil, false
		}
		members[name] = m.Text
	}
	return func(name string) string { return members[name] }, true
}
