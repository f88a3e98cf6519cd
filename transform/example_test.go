package transform_test

import (
	"context"
	"errors"
	"fmt"

	"mayfly/transform"
	"mayfly/transform/message"
)

func ExampleTransformer_Native() {
	t := transform.New()
	out, err := t.Native(&message.Request{
		Body: []byte(`{"device":{"deviceId":"greenhouse-7"},"measurements":{"temperature":21.50},"timestamp":1700000000}`),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, m := range out.Messages {
		fmt.Println(m.DeviceID, m.Time, string(m.Body))
	}
	// Output: greenhouse-7 2023-11-14 22:13:20 +0000 UTC {"temperature":21.50}
}

func ExampleTransformer_Device() {
	t := transform.New()
	out, err := t.Device(&message.Request{
		Header: map[string][]string{"Content-Type": {"text/csv"}},
		Body:   []byte("temperature,humidity\n21.50,48\n22,47\n"),
	}, "greenhouse-7")
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, m := range out.Messages {
		fmt.Println(m.DeviceID, string(m.Body))
	}
	// Output:
	// greenhouse-7 {"humidity":48,"temperature":21.50}
	// greenhouse-7 {"humidity":47,"temperature":22}
}

func ExampleSource_Map() {
	t := transform.New()
	source, err := t.Source("tts") // The Things Stack
	if err != nil {
		fmt.Println(err)
		return
	}
	out, err := source.Map(context.Background(), &message.Request{
		Body: []byte(`{"end_device_ids":{"device_id":"meter-1"},"uplink_message":{"f_port":1,"decoded_payload":{"level":7}}}`),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, m := range out.Messages {
		fmt.Println(m.DeviceID, string(m.Body), m.Properties["fPort"])
	}
	// Output: meter-1 {"level":7} 1
}

func ExampleError() {
	t := transform.New()
	_, err := t.Native(&message.Request{Body: []byte(`{"device":{"deviceId":"greenhouse 7"},"measurements":{}}`)})
	if bad, ok := errors.AsType[*message.Error](err); ok {
		for _, f := range bad.Fields {
			fmt.Println(f.Path, f.Hint)
		}
	}
	// Output: device.deviceId must be 1 to 128 letters, digits or "-._:", the last one a letter, a digit or "-"
}
