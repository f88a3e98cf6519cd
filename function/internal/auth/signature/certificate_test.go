package signature_test

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"strings"
	"testing"
	"time"

	"mayfly/function/internal/auth/signature"
	"mayfly/function/internal/auth/signature/certs"
	"mayfly/internal/secret"
)

// myriota is how Myriota signs (support.myriota.com, "HTTP").
const myriota = `{scheme: certificate, members: [Signature], certificateURL: CertificateUrl,
  hosts: [security.myriota.com], subject: {CN: security.myriota.com, O: Myriota Pty Ltd},
  signed: "{member:EndpointRef}\n{member:Timestamp}\n{member:Id}\n{member:Data}", timestamp: "member:Timestamp",
  ca: %q}`

type answers func(*http.Request) (*http.Response, error)

func (a answers) RoundTrip(r *http.Request) (*http.Response, error) { return a(r) }

// selfSigned is a certificate that is its own CA.
func selfSigned(t *testing.T, key *rsa.PrivateKey) string {
	t.Helper()
	c := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: jwtNow.Add(-time.Hour), NotAfter: jwtNow.Add(time.Hour),
		Subject: pkix.Name{CommonName: "security.myriota.com", Organization: []string{"Myriota Pty Ltd"}},
	}
	der, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

func TestCertificateSignature(t *testing.T) {
	t.Parallel()
	rs := rsaKeys()
	trusted, other := selfSigned(t, rs[0]), selfSigned(t, rs[1])
	fetch := answers(func(r *http.Request) (*http.Response, error) {
		text := map[string]string{"/data-0001.crt": trusted, "/data-0002.crt": other}[r.URL.Path]
		if text == "" || r.URL.Host != "security.myriota.com" {
			return nil, errors.New("the network is down")
		}
		return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(strings.NewReader(text))}, nil
	})
	const data = `{"Packets":[{"Timestamp":1773480400123,"TerminalId":"00000aa001","Value":"0102ff"}]}`
	id := 0
	// message is one that a key signs, with a change after that.
	message := func(key *rsa.PrivateKey, at int64, file string, change func(map[string]any)) string {
		id++
		m := map[string]any{"EndpointRef": "ref:abc", "Timestamp": at, "Data": data, "Id": fmt.Sprintf("1111-%d", id),
			"CertificateUrl": "https://security.myriota.com/" + file}
		sum := sha256.Sum256([]byte(fmt.Sprintf("ref:abc\n%d\n%s\n%s", at, m["Id"], data)))
		code, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:])
		if err != nil {
			t.Fatal(err)
		}
		m["Signature"] = base64.StdEncoding.EncodeToString(code)
		if change != nil {
			change(m)
		}
		text, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	set := func(name string, value any) func(map[string]any) { return func(m map[string]any) { m[name] = value } }
	spec := specOf(t, fmt.Sprintf(myriota, trusted))
	if err := signature.Validate(spec); err != nil {
		t.Fatal(err)
	}
	now := func() time.Time { return jwtNow }
	v := signature.NewVerifier(spec, signature.Options{Secrets: &secret.Loader{Now: now}, Transport: fetch})
	const file, away = "data-0001.crt", "the signature's time is more than 5m0s away"
	const host = "the certificate is not at a host that this source's certificates are fetched from"
	at := jwtNow.Unix()
	once := message(rs[0], at, file, nil)
	try(t, v, jwtNow, []attempt{
		{"as it is sent", "", once, nil, ""},
		{"replayed", "", once, nil, "what is signed was sent before"},
		{"by another key", "", message(rs[1], at, file, nil), nil, wrong},
		{"a certificate of nobody", "", message(rs[1], at, "data-0002.crt", nil), nil,
			"the certificate does not chain to one that is trusted"},
		{"a certificate from elsewhere", "",
			message(rs[0], at, file, set("CertificateUrl", "https://evil.example/x.crt")), nil, host},
		{"no URL", "", message(rs[0], at, file, set("CertificateUrl", nil)), nil, none},
		{"a URL that is a list", "", message(rs[0], at, file, set("CertificateUrl", []any{"a"})), nil, none},
		{"other data", "", message(rs[0], at, file, set("Data", strings.Replace(data, "ff", "fe", 1))), nil, wrong},
		{"another id", "", message(rs[0], at, file, set("Id", "2222")), nil, wrong},
		{"a later time", "", message(rs[0], at-400, file, set("Timestamp", at)), nil, wrong},
		{"old", "", message(rs[0], at-301, file, nil), nil, away},
		{"of the future", "", message(rs[0], at+301, file, nil), nil, away},
		{"no time", "", message(rs[0], at, file, set("Timestamp", nil)), nil, none},
		{"a member that reaches into the next", "", message(rs[0], at, file, func(m map[string]any) {
			m["EndpointRef"], m["Timestamp"] = fmt.Sprintf("ref:abc\n%d", at), m["Id"]
		}), nil, none},
		{"no signature", "", message(rs[0], at, file, set("Signature", nil)), nil, none},
		{"a signature that is not base64", "", message(rs[0], at, file, set("Signature", "%%%")), nil, none},
		{"a signature that is cut off", "", message(rs[0], at, file, set("Signature", "AAAA")), nil, wrong},
		{"a list", "", "[" + message(rs[0], at, file, nil) + "]", nil, none},
	})
	body := message(rs[0], at, "data-0003.crt", nil)
	_, err := v.Verify(post(t, body), bodyOf(body), jwtNow)
	if _, ok := errors.AsType[*certs.Unavailable](err); !ok {
		t.Errorf("a server that is away: %v", err)
	}
}
