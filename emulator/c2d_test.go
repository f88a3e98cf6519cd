package emulator_test

import (
	"encoding/base64"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"mayfly/emulator"
)

func TestCloudToDevice(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	e := newEmulator(t, emulator.Config{Now: func() time.Time { return now }})
	if err := e.SendToDevice("dev-1", emulator.Message{}); err == nil {
		t.Error("message to an unknown device was queued")
	}
	e.Provision("dev-1", "")
	d := newDevice(t, e, "dev-1")
	call := func(method, rest string) answer {
		path, query, _ := strings.Cut(rest, "?")
		if query != "" {
			query = "?" + query
		}
		return d.must(d.hub(method, emulator.DefaultHub, "/messages/deviceBound"+path+query, nil, ""))
	}
	lock := func(a answer) string { return strings.Trim(a.header.Get("ETag"), `"`) }
	if a := call("GET", ""); a.status != 204 {
		t.Errorf("empty queue: %d", a.status)
	}
	for i := range 50 {
		m := emulator.Message{MessageID: fmt.Sprintf("m%d", i), Body: []byte("on"),
			Properties: map[string]string{"k": "v"}, Command: "reboot", Ack: "full"}
		if err := e.SendToDevice("dev-1", m); err != nil {
			t.Fatal(err)
		}
	}
	if err := e.SendToDevice("dev-1", emulator.Message{}); err == nil {
		t.Error("51st message was queued")
	}
	a := call("GET", "")
	if a.status != 200 || string(a.body) != "on" || !strings.HasPrefix(a.header.Get("ETag"), `"`) ||
		a.header.Get("iothub-messageid") != "m0" ||
		a.header.Get("iothub-app-method-name") != "reboot" || a.header.Get("iothub-app-k") != "v" ||
		a.header.Get("iothub-deliverycount") != "0" ||
		a.header.Get("iothub-sequencenumber") != "1" ||
		a.header.Get("iothub-to") != "/devices/dev-1/messages/deviceBound" {
		t.Fatalf("%d %v %s", a.status, a.header, a.body)
	}
	if b := call("DELETE", "/"+lock(a)); b.status != 204 {
		t.Errorf("complete: %d %s", b.status, b.body)
	}
	if b := call("DELETE", "/"+lock(a)); b.status != 412 {
		t.Errorf("complete twice: %d", b.status)
	}
	a = call("GET", "")
	if b := call("DELETE", "/"+lock(a)+"?reject"); b.status != 204 {
		t.Errorf("reject: %d", b.status)
	}
	for i := range 10 {
		a = call("GET", "")
		if a.header.Get("iothub-messageid") != "m2" || a.header.Get("iothub-deliverycount") != fmt.Sprint(i) {
			t.Fatalf("delivery %d: %v", i, a.header)
		}
		if b := call("POST", "/"+lock(a)+"/abandon"); b.status != 204 {
			t.Errorf("abandon: %d", b.status)
		}
	}
	a = call("GET", "")
	if a.header.Get("iothub-messageid") != "m3" {
		t.Errorf("after ten deliveries: %v", a.header)
	}
	if b := call("GET", ""); b.header.Get("iothub-messageid") != "m4" {
		t.Errorf("a locked message is visible: %v", b.header)
	}
	e.StepClock(time.Minute)
	if b := call("DELETE", "/"+lock(a)); b.status != 412 {
		t.Errorf("lock after a minute: %d", b.status)
	}
	if b := call("GET", ""); b.header.Get("iothub-messageid") != "m3" || b.header.Get("iothub-deliverycount") != "0" {
		t.Errorf("a lock that expired counted as a delivery: %v", b.header)
	}
	e.StepClock(time.Hour)
	if b := call("GET", ""); b.status != 204 {
		t.Errorf("expired: %d", b.status)
	}
	var got []string
	for _, f := range e.Feedback()[:4] {
		got = append(got, f.MessageID+" "+string(f.Outcome))
	}
	want := []string{"m0 Success", "m1 Rejected", "m2 DeliveryCountExceeded", "m3 Expired"}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("feedback %v", got)
	}
}

func TestFileUpload(t *testing.T) {
	t.Parallel()
	for _, way := range []string{"whole", "blocks"} {
		t.Run(way, func(t *testing.T) {
			t.Parallel()
			e := newEmulator(t, emulator.Config{})
			e.Provision("dev-1", "")
			d := newDevice(t, e, "dev-1")
			a := d.must(d.hub("POST", emulator.DefaultHub, "/files", nil, `{"blobName":"logs/x 1.txt"}`))
			if a.status != 200 || a.get(t, "blobName") != "dev-1/logs/x 1.txt" {
				t.Fatalf("%d %s", a.status, a.body)
			}
			url := "https://" + a.get(t, "hostName") + "/" + a.get(t, "containerName") + "/dev-1/logs/x%201.txt" +
				a.get(t, "sasToken")
			put := func(url, body string, status int) {
				t.Helper()
				b := d.must(d.do("PUT", url, map[string]string{"x-ms-blob-type": "BlockBlob"}, body))
				if b.status != status {
					t.Errorf("PUT: %d %s", b.status, b.body)
				}
			}
			if way == "whole" {
				put(url, "hello", 201)
			} else {
				id := base64.StdEncoding.EncodeToString([]byte("1"))
				id2 := base64.StdEncoding.EncodeToString([]byte("2"))
				put(url+"&comp=block&blockid="+id, "hel", 201)
				put(url+"&comp=block&blockid="+id2, "lo", 201)
				put(url+"&comp=blocklist", "<BlockList><Latest>bm9uZQ==</Latest></BlockList>", 400)
				put(url+"&comp=blocklist",
					"<?xml version=\"1.0\"?><BlockList><Latest>"+id+"</Latest><Latest>"+id2+"</Latest></BlockList>",
					201)
			}
			put(strings.Replace(url, "sig=", "sig=0", 1), "evil", 403)
			body := fmt.Sprintf(`{"correlationId":%q,"isSuccess":true,"statusCode":200,"statusDescription":"ok"}`,
				a.get(t, "correlationId"))
			if b := d.must(d.hub("POST", emulator.DefaultHub, "/files/notifications", nil, body)); b.status != 204 {
				t.Errorf("notify: %d %s", b.status, b.body)
			}
			files := e.Files()
			if len(files) != 1 || string(files[0].Data) != "hello" || files[0].Outcome != "success" ||
				files[0].Device != "dev-1" {
				t.Errorf("%+v", files)
			}
		})
	}
	t.Run("ten at once", func(t *testing.T) {
		t.Parallel()
		e := newEmulator(t, emulator.Config{})
		e.Provision("dev-1", "")
		d := newDevice(t, e, "dev-1")
		for i := range 11 {
			a := d.must(d.hub("POST", emulator.DefaultHub, "/files", nil, `{"blobName":"x"}`))
			if i < 10 && a.status != 200 || i == 10 && a.status != 403 {
				t.Errorf("%d: %d %s", i, a.status, a.body)
			}
		}
	})
}
