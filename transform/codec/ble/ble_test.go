package ble_test

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"mayfly/transform/codec/ble"
)

func decode(t *testing.T, text string, kind ble.Kind) (string, []string, error) {
	t.Helper()
	raw, err := hex.DecodeString(strings.NewReplacer(" ", "", "X", "F").Replace(text))
	if err != nil {
		t.Fatal(err)
	}
	values, warnings, err := ble.Decode(raw, kind)
	if err != nil {
		return "", warnings, err
	}
	out, err := json.Marshal(values)
	if err != nil {
		t.Fatal(err)
	}
	return string(out), warnings, nil
}

// The vectors of the formats' own documents, and what stands around them.
func TestVectors(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, payload string
		kind          ble.Kind
		want          string
	}{
		{"Ruuvi 3", "03291A1ECE1EFC18F94202CA0B53", ble.Ruuvi, `{"accelX":-1,"accelY":-1.726,"accelZ":0.714,` +
			`"humidity":20.5,"pressure":102766,"temperature":26.3,"voltage":2.899}`},
		{"Ruuvi 3, largest", "03FF7F63FFFF7FFF7FFF7FFFFFFF", ble.Ruuvi, `{"accelX":32.767,"accelY":32.767,` +
			`"accelZ":32.767,"humidity":127.5,"pressure":115535,"temperature":127.99,"voltage":65.535}`},
		{"Ruuvi 3, smallest", "0300FF6300008001800180010000", ble.Ruuvi, `{"accelX":-32.767,"accelY":-32.767,` +
			`"accelZ":-32.767,"humidity":0,"pressure":50000,"temperature":-127.99,"voltage":0}`},
		{"Ruuvi 5", "0512FC5394C37C0004FFFC040CAC364200CDCBB8334C884F", ble.Ruuvi, `{"accelX":0.004,"accelY":-0.004,` +
			`"accelZ":1.036,"humidity":53.49,"measurementSequenceNumber":205,"movementCounter":66,"pressure":100044,` +
			`"temperature":24.3,"txPower":4,"voltage":2.977}`},
		{"Ruuvi 5, largest", "057FFFFFFEFFFE7FFF7FFF7FFFFFDEFEFFFECBB8334C884F", ble.Ruuvi, `{"accelX":32.767,` +
			`"accelY":32.767,"accelZ":32.767,"humidity":163.835,` +
			`"measurementSequenceNumber":65534,"movementCounter":254,` +
			`"pressure":115534,"temperature":163.835,"txPower":20,"voltage":3.646}`},
		{"Ruuvi 5, smallest", "058001000000008001800180010000000000CBB8334C884F", ble.Ruuvi, `{"accelX":-32.767,` +
			`"accelY":-32.767,"accelZ":-32.767,"humidity":0,"measurementSequenceNumber":0,"movementCounter":0,` +
			`"pressure":50000,"temperature":-163.835,"txPower":-40,"voltage":1.6}`},
		{"Ruuvi 5, not available", "058000FFFFFFFF800080008000FFFFFFFFFFFFFFFFFFFFFF", ble.Ruuvi, `{}`},
		{"Ruuvi 6", "06170C5668C79E007000C90501D9XXCD004C884F", ble.Ruuvi, `{"calibrating":false,"co2":201,` +
			`"humidity":55.3,"luminosity":13026.67,"measurementSequenceNumber":205,"nox":2,"pm2_5":11.2,` +
			`"pressure":101102,"temperature":29.5,"voc":10}`},
		{"Ruuvi 6, largest", "067FFF9C40FFFE27109C40FAFAFEXXFF074C8F4F", ble.Ruuvi, `{"calibrating":true,"co2":40000,` +
			`"humidity":100,"luminosity":65535,"measurementSequenceNumber":255,"nox":500,"pm2_5":1000,` +
			`"pressure":115534,"temperature":163.835,"voc":500}`},
		{"Ruuvi 6, smallest", "0680010000000000000000000000XX00004C884F", ble.Ruuvi, `{"calibrating":false,"co2":0,` +
			`"humidity":0,"luminosity":0,"measurementSequenceNumber":0,"nox":0,"pm2_5":0,"pressure":50000,` +
			`"temperature":-163.835,"voc":0}`},
		{"Ruuvi 6, not available", "068000FFFFFFFFFFFFFFFFFFFFFFXXFFFFFFFFFF", ble.Ruuvi,
			`{"calibrating":true,"measurementSequenceNumber":255}`},
		{"Ruuvi E1", "E1170C5668C79E0065007004BD11CA00C90A0213E0ACXXXXXXDECDEE10XXXXXXXXXXCBB8334C884F", ble.Ruuvi,
			`{"calibrating":false,"co2":201,"humidity":55.3,"luminosity":13027,"measurementSequenceNumber":14601710,` +
				`"nox":4,"pm1":10.1,"pm10":455.4,"pm2_5":11.2,"pm4":121.3,` +
				`"pressure":101102,"temperature":29.5,"voc":20}`},
		{"Ruuvi E1, largest", "E17FFF9C40FFFE27102710271027109C40FAFADC28F0XXXXXXFFFFFE3FXXXXXXXXXXCBB8334C884F",
			ble.Ruuvi, `{"calibrating":true,"co2":40000,"humidity":100,"luminosity":144284,` +
				`"measurementSequenceNumber":16777214,"nox":500,"pm1":1000,"pm10":1000,"pm2_5":1000,"pm4":1000,` +
				`"pressure":115534,"temperature":163.835,"voc":500}`},
		{"Ruuvi E1, not available", "E18000" + strings.Repeat("FF", 37), ble.Ruuvi, `{"calibrating":true}`},
		{"a whole advertisement", "0201061BFF99040513C85714C7CC00240008041CAB76F41C3CAABBCC000002", ble.Any,
			`{"accelX":0.036,"accelY":0.008,"accelZ":1.052,"humidity":55.73,"measurementSequenceNumber":7228,` +
				`"movementCounter":244,"pressure":101148,"temperature":25.32,"txPower":4,"voltage":2.971}`},
		{"from the company on", "990403291A1ECE1EFC18F94202CA0B53", ble.Any, `{"accelX":-1,"accelY":-1.726,` +
			`"accelZ":0.714,"humidity":20.5,"pressure":102766,"temperature":26.3,"voltage":2.899}`},
		{"zeros behind", "020106 11FF990403291A1ECE1EFC18F94202CA0B53 00000000", ble.Ruuvi, `{"accelX":-1,` +
			`"accelY":-1.726,"accelZ":0.714,"humidity":20.5,"pressure":102766,"temperature":26.3,"voltage":2.899}`},

		{"BTHome", "020106 0B094449592D73656E736F72 0A16D2FC4002C40903BF13", ble.Any,
			`{"humidity":50.55,"temperature":25}`},
		{"BTHome, the service data", "D2FC4002C40903BF13", ble.Any, `{"humidity":50.55,"temperature":25}`},
		{"BTHome, without its UUID", "4002C40903BF13", ble.BTHome, `{"humidity":50.55,"temperature":25}`},
		{"BTHome, negative", "4002F6FF 45EFFF 57EA 58EA", ble.BTHome,
			`{"temperature":-0.1,"temperature_2":-1.7,"temperature_3":-22,"temperature_4":-7.7}`},
		{"BTHome, of 3 and 4 bytes", "4004138A01 05138A14 0A138A14 4D12138A14 5C02FBFFFF", ble.BTHome,
			`{"energy":1346.067,"energy_2":344593.17,"illuminance":13460.67,"power":-12.78,"pressure":1008.83}`},
		{"BTHome, on and off", "400F01 1A00 1F01 2D01", ble.BTHome,
			`{"door":false,"on":true,"unlocked":true,"window":true}`},
		{"BTHome, of a second button", "443A003A01", ble.BTHome, `{"button_2":"press"}`},
		{"BTHome, buttons", "443A043A803AFE", ble.BTHome,
			`{"button":"long_press","button_2":"hold_press","button_3":"254"}`},
		{"BTHome, dimmers", "443C01033C020A3C0000", ble.BTHome, `{"dimmer":-3,"dimmer_2":10}`},
		{"BTHome, a command", "443B010305 3B0001", ble.BTHome,
			`{"command":{"name":"step_up","steps":5},"command_2":"on"}`},
		{"BTHome, text", "40530C48656C6C6F20576F726C6421 5402FF00", ble.BTHome, `{"raw":"ff00","text":"Hello World!"}`},
		{"BTHome, text that is not UTF-8", "405301FF", ble.BTHome, `{"text":"ff"}`},
		{"BTHome, a time", "40505D396164", ble.BTHome, `{"timestamp":1684093277}`},
		{"BTHome, the device", "400009 F00100 F100010204 F2000106", ble.BTHome,
			`{"deviceType":1,"firmware":"4.2.1.0","firmware_2":"6.1.0","packetId":9}`},
		{"BTHome, nothing", "40", ble.BTHome, `{}`},
	} {
		if got, warnings, err := decode(t, tt.payload, tt.kind); got != tt.want || err != nil || warnings != nil {
			t.Errorf("%s: %s, %v, %v, want %s", tt.name, got, warnings, err, tt.want)
		}
	}
}

func TestWhatCannotBeRead(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, payload string
		kind          ble.Kind
		truncated     bool
		want          string
	}{
		{"nothing", "", ble.Any, false, "not an advertisement with data of Ruuvi or BTHome"},
		{"another company", "0201060AFF4C001005031C6E1F59", ble.Any, false, "not an advertisement"},
		{"BTHome where Ruuvi is wanted", "0A16D2FC4002C40903BF13", ble.Ruuvi, false, "with data of Ruuvi"},
		{"Ruuvi where BTHome is wanted", "1BFF99040513C85714C7CC00240008041CAB76F41C3CAABBCC000002", ble.BTHome, false,
			"with data of BTHome"},
		{"cut off", "0201061BFF99040513C8", ble.Any, true, "ends inside the structure at offset 3"},
		{"a format that is cut off", "0513C8", ble.Ruuvi, true, "has 24 bytes, and there are 3"},
		{"no format", "9904", ble.Ruuvi, true, "empty"},
		{"a company alone", "03FF990404", ble.Ruuvi, true, "empty"},
		{"a URL", "04FF990404", ble.Ruuvi, false, "data format 4 is not known"},
		{"encrypted by Ruuvi", "990408", ble.Ruuvi, false, "encrypted"},
		{"encrypted by BTHome", "D2FC41A47266C95F730011223378237214", ble.Any, false, "encrypted"},
		{"version 1 of BTHome", "D2FC20", ble.Any, false, "version 1 is not known"},
		{"no data of BTHome", "D2FC", ble.Any, true, "empty"},
		{"half a value", "4002C4", ble.BTHome, true, "inside the temperature at offset 1"},
		{"half a text", "40530C48", ble.BTHome, true, "inside the text"},
		{"a text without length", "4053", ble.BTHome, true, "inside the text"},
		{"a command without its code", "403B00", ble.BTHome, true, "inside the command"},
		{"an object of later", "40EE01", ble.BTHome, false, "object 0xee is not known"},
	} {
		_, _, err := decode(t, tt.payload, tt.kind)
		var failed *ble.Error
		if !errors.As(err, &failed) || failed.Truncated != tt.truncated || !strings.Contains(failed.Text, tt.want) {
			t.Errorf("%s: %v, want %q", tt.name, err, tt.want)
		}
	}
	got, warnings, err := decode(t, "4002C409EE0102", ble.BTHome)
	if got != `{"temperature":25}` || len(warnings) != 1 || err != nil {
		t.Errorf("an object of later behind a known one: %s, %v, %v", got, warnings, err)
	}
}

func FuzzDecode(f *testing.F) {
	for _, text := range []string{"0201061bff99040512fc5394c37c0004fffc040cac364200cdcbb8334c884f",
		"d2fc4002c40903bf13",
		"443b0103053a80", "40530c48656c6c6f", "e1170c"} {
		raw, _ := hex.DecodeString(text)
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		for _, kind := range []ble.Kind{ble.Any, ble.Ruuvi, ble.BTHome} {
			values, _, err := ble.Decode(raw, kind)
			if (values == nil) != (err != nil) || len(values) > len(raw)+16 {
				t.Fatalf("%v and %v", values, err)
			}
			if _, err := json.Marshal(values); err != nil {
				t.Fatal(err)
			}
		}
	})
}
