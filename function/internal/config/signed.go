package config

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"mayfly/function/internal/auth/policy"
	"mayfly/function/internal/auth/signature"
	"mayfly/internal/upstream"
	"mayfly/transform"
	"mayfly/transform/message"
	"mayfly/transform/signing"
)

// checkSources checks the signatures and networks of the file's sources.
func (c *Config) checkSources(file *File) {
	for i := range c.Sources {
		d := &c.Sources[i]
		place := fmt.Sprintf("sources[%d]", i)
		for n, text := range d.AllowFrom {
			if _, err := policy.ParseNetworks([]string{text}); err != nil {
				file.add(fmt.Sprintf("%s.allowFrom[%d]", place, n), "%v", err)
			}
		}
		if key := d.Downlink.Push.Key.Reveal(); key != "" {
			file.reference(place+".downlink.push.key", key, checkPushKey)
		}
		sig := d.Signature
		if sig == nil {
			continue
		}
		for _, f := range signature.Faults(sig) {
			file.add(strings.TrimSuffix(place+".signature."+f.Member, "."), "%s", f.Problem)
		}
		c.checkUnsigned(i, file)
		if ca := sig.CA.Reveal(); ca != "" {
			file.reference(place+".signature.ca", ca, signature.ParseRoots)
		}
		for n, text := range sig.Devices {
			if err := policy.ValidatePattern(text, nil); err != nil {
				file.add(fmt.Sprintf("%s.signature.devices[%d]", place, n), "%s: %v", message.Quote(text), err)
			}
		}
		for n, text := range sig.Secrets {
			file.reference(fmt.Sprintf("%s.signature.secrets[%d]", place, n), text.Reveal(), func(text string) error {
				return signature.ParseSecret(sig, text)
			})
		}
	}
}

// checkPushKey checks the key of a cloud: it goes into a header.
func checkPushKey(text string) error {
	if text = strings.TrimSpace(text); text == "" || !upstream.Printable(text) {
		return errors.New("is not a key: want one line of ASCII")
	}
	return nil
}

// checkUnsigned finds the expressions of a signed source that read what the signature
// leaves out: anybody could change that. Those of built-in sources do not see it.
func (c *Config) checkUnsigned(at int, file *File) {
	sig := c.Sources[at].Signature
	for _, read := range c.Sources[at].Reads() {
		part, name := signature.Part(read.Member), read.Name
		if part == signature.PartHeaders && name == "content-type" || part != "" && signature.Covers(sig, part, name) {
			continue
		}
		file.add(fmt.Sprintf("sources[%d].%s", at, read.Field), "reads %s, which the signature leaves out: %s",
			read, remedy(sig, read))
	}
}

// remedy says how to have a part of the request signed.
func remedy(sig *signing.Spec, read transform.Read) string {
	part := read.Member
	switch {
	case part == "" || part == string(signature.PartHeaders) && read.Name == "":
		return "name what it needs, as in $request.headers[\"x-device\"]"
	case !slices.Contains([]signing.Scheme{"", signing.HMAC, signing.Hash}, sig.Scheme):
		return "the scheme " + string(sig.Scheme) + " does not cover it; take it from what is signed"
	case part == string(signature.PartHeaders):
		return "add {header:" + read.Name + "} to signed, or take it from the body"
	}
	return "add {" + part + "} to signed, or take it from the body"
}
