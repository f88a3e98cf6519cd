package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"sync"
	"time"

	"mayfly/internal/sas"
)

type message struct {
	Device       struct{ DeviceID string }
	Measurements json.RawMessage
}

func main() {
	group, err := sas.ParseKey(os.Getenv("GROUP_KEY"))
	if err != nil {
		log.Fatal(err)
	}
	hub := os.Getenv("HUB_HINT")
	var tokens sync.Map
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost = 64
	transport.ForceAttemptHTTP2 = false
	client := &http.Client{Transport: transport}
	handler := func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		var m message
		if err != nil || json.Unmarshal(body, &m) != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		id := m.Device.DeviceID
		token, ok := tokens.Load(id)
		if !ok {
			token = sas.Token(group.Derive(id), hub+"/devices/"+id, "", time.Now().Add(time.Hour))
			tokens.Store(id, token)
		}
		req, _ := http.NewRequestWithContext(r.Context(), http.MethodPost,
			"https://"+hub+"/devices/"+id+"/messages/events?api-version=2021-04-12", bytes.NewReader(m.Measurements))
		req.Header.Set("Authorization", token.(string))
		req.Header.Set("iothub-contenttype", "application/json")
		req.Header.Set("iothub-contentencoding", "utf-8")
		res, err := client.Do(req)
		if err != nil {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		_ = res.Body.Close()
		if res.StatusCode != http.StatusNoContent {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		_, _ = w.Write([]byte("{\"delivered\":1}\n"))
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("{\"address\":%q}\n", listener.Addr())
	log.Fatal(http.Serve(listener, http.HandlerFunc(handler)))
}
