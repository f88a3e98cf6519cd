package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const oneFormatter = `function decodeUplink(input) {
	if (input.fPort !== 1) return {errors: ["unknown FPort"]};
	var temperature = (input.bytes[0] << 8 | input.bytes[1]) / 100;
	return {data: {temperature: temperature, at: input.recvTime, gone: null}, warnings: []};
}
function normalizeUplink(input) { return {data: {air: {temperature: input.data.temperature}}}; }`

const oneYAML = `uplinkDecoder:
  fileName: Thermo.js
  examples:
    - description: warm
      input: {fPort: 1, bytes: [0x08, 0xCA], recvTime: "2026-01-01T00:00:00Z"}
      output:
        data: {temperature: 22.5, at: 2026-01-01T00:00:00Z, other: null}
      normalizedOutput:
        data: [{air: {temperature: 22.500000000001}}]
    - description: in hex
      input: {fPort: 1, bytes: "0x08 ca", recvTime: 1767225600}
      output: {data: {temperature: 22.5, at: "2026-01-01T00:00:00.000Z"}, errors: [], warnings: null}
    - description: unknown port
      input: {fPort: 9, bytes: [1]}
      output: {errors: [unknown FPort]}
downlinkEncoder:
  fileName: nowhere.js
`

const oneJSON = `[
  {"name": "comments", "input": {"fPort": 0x01, // port
    "bytes": [0x08, 202], "recvTime": "2026-01-01T00:00:00Z"}, /* what
    comes out */
   "expected": {"data": {"temperature": 22.5, "at": "2026-01-01T00:00:00.000Z",}}},
  {"type": "downlink-decode", "input": {"bytes": "01"}, "output": {"data": {}}},
  {"description": "wrong", "type": "uplink", "input": {"fPort": 1, "bytes": "0000"},
   "output": {"data": {"temperature": 1}, "warnings": ["w"]}}
]`

const lampFormatter = `function decodeUplink(input) { return {data: {led: input.bytes[0]}} }
function encodeDownlink(input) { return {bytes: [input.data.led], fPort: 2} }`

const lampYAML = `uplinkDecoder:
  fileName: lamp.js
  examples:
    - {description: it is on, input: {fPort: 2, bytes: [1]}, output: {data: {led: 1}}}
downlinkEncoder:
  fileName: lamp.js # the same
  examples:
    - {description: "on", input: {data: {led: 1}}, output: {bytes: [1], fPort: 2}}
    - {description: "off", input: {data: {led: 0}}, output: {bytes: [0], fPort: 2}}
`

const warmJSON = `[{"description": "warm", "type": "uplink", "bytes": "08CA", "fPort": 1,
  "time": "2026-01-01T01:00:00.000+01:00",
  "data": {"temperature": 22.5, "at": "2026-01-01T00:00:00.000Z"}, "points": {}}]`

func TestCodecTest(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	for name, text := range map[string]string{
		"vendor/a/thermo.js":                    oneFormatter,
		"vendor/a/thermo-codec.yaml":            oneYAML,
		"vendor/a/thermo.yaml":                  "name: a device\nfirmwareVersions: []\n",
		"vendor/b/thermo.js":                    oneFormatter,
		"vendor/b/other.js":                     "function other() {}",
		"vendor/b/test_decode_thermo.json":      oneJSON,
		"vendor/c/examples.json":                `[{"input": {"fPort": 1, "bytes": []}, "output": {"data": {}}}]`,
		"vendor/c/broken.js":                    "function decodeUplink( {",
		"drivers/a/package.json":                `{"main": "./dist.js"}`,
		"drivers/a/index.js":                    "exports.decodeUplink = require('./parts')",
		"drivers/a/dist.js":                     oneFormatter,
		"drivers/a/webpack.config.js":           "module.exports = {}",
		"drivers/a/examples/warm.examples.json": warmJSON,
		"drivers/c/codec.js":                    oneFormatter,
		"drivers/c/examples/uplinks.json":       warmJSON,
		"drivers/c/examples/settings.json":      `{"examples": "none"}`,
		"drivers/b/main.js":                     "exports.decodeUplink = require('../parts').decodeUplink",
		"drivers/b/bundle.js":                   oneFormatter,
		"drivers/b/driver.spec.js":              "require('./main.js')",
		"drivers/b/examples.json":               warmJSON,
		"both/lamp.js":                          lampFormatter,
		"both/lamp-encoder.js":                  "function Encoder(o) { return [o.led + 1] }",
		"both/lamp.yaml":                        lampYAML,
		"both/other.yaml":                       strings.ReplaceAll(lampYAML, "lamp.js # the same", "lamp-encoder.js"),
		"one/lamp.js":                           "function decodeUplink() { return {data: {led: 1}} }",
		"one/lamp.yaml":                         lampYAML,
	} {
		path := filepath.Join(folder, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	tests := []struct {
		name, path string
		code       int
		want       []string
	}{
		{"a file that passes", "vendor/a/thermo-codec.yaml", 0,
			[]string{"3 examples of 1 codecs: 3 passed (100.0 %), 0 failed"}},
		{"a formatter that passes", "vendor/a/thermo.js", 0, []string{"3 passed"}},
		{"a failure", "vendor/b", 1, []string{"FAIL", "wrong", "data.temperature: want 1, got 0",
			`warnings: want ["w"]`, "1 passed (50.0 %), 1 failed"}},
		{"a formatter that does not load", "vendor/c", 1, []string{"examples.json", "broken.js",
			"1 codecs do not load"}},
		{"a folder of examples, and a package", "drivers/a", 0, []string{"1 examples of 1 codecs: 1 passed"}},
		{"a folder of examples of any name", "drivers/c", 0, []string{"1 examples of 1 codecs: 1 passed"}},
		{"a bundle beside its source", "drivers/b", 0, []string{"1 examples of 1 codecs: 1 passed"}},
		{"a tree", "vendor", 1, []string{"6 examples of 3 codecs: 4 passed"}},
		{"both directions", "both/lamp.yaml", 0, []string{"3 examples of 1 codecs: 3 passed"}},
		{"an encoder of its own", "both/other.yaml", 1, []string{"FAIL", "on", "bytes: want 01, got 02", "2 failed"}},
		{"no encoder", "one", 1, []string{"none of the functions encodeDownlink", "1 passed"}},
		{"nothing there", "vendor/none", 1, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			code, out, errs := command(t, nil, "codec", "test", filepath.Join(folder, filepath.FromSlash(tt.path)))
			if code != tt.code {
				t.Errorf("exit code %d, want %d: %s", code, tt.code, errs)
			}
			contains(t, out, tt.want...)
		})
	}
}
