//go:build browser

package main

import (
	"fmt"
	"net/http"
	"testing"
)

// waiting is the number of messages that the page shows as waiting.
const waiting = `Number(document.querySelector("#queue-depth .chart-value").textContent)`

func TestConsoleShowsTheQueue(t *testing.T) {
	s := newStage(t, "--durable")
	s.goTo("queue")
	s.sees("#queue-name", "file:")
	s.sees("#queue-state", "Empty")
	s.sees("#queue-empty", "None")

	s.press("#view-queue", "Take the hubs down")
	s.until(`document.querySelector("#queue-down").getAttribute("aria-pressed") === "true"`)
	for n := range 12 {
		if status := s.send(fmt.Sprint("meter-", n%4), fmt.Sprintf(`{"level":%d}`, n)); status != http.StatusAccepted {
			t.Fatalf("while the hubs are down, the bridge answers %d", status)
		}
	}
	if status := s.send("pump-9", `{"on":true}`); status != http.StatusAccepted {
		t.Fatalf("while the hubs are down, the bridge answers %d", status)
	}
	s.until(waiting + ` === 13`)
	s.sees("#queue-badge", "13")
	s.until(`/^\d+ s$/.test(document.querySelector("#queue-oldest").textContent)`)

	// On a phone, in the dark, nothing is cut off.
	s.look(390, 844, 2, true, "dark")
	s.until(`document.documentElement.scrollWidth <= 390`)
	s.until(`getComputedStyle(document.body).backgroundColor === "rgb(16, 21, 20)"`)
	s.look(1360, 900, 1, false, "light")

	s.post(s.console+"/devices/pump-9/block", "") // the hub refuses it for good
	s.press("#view-queue", "Bring the hubs back")
	s.until(waiting + ` === 0`)
	s.sees("#queue-state", "Empty")
	s.sees("#queue-dead", "1")
	s.sees("#queue-rows th", "pump-9")
	s.until(`document.querySelector("#queue-rows .reason strong").textContent.length > 5`)
	s.until(`document.querySelector('nav a[href="#queue"]').classList.contains("armed")`)
	s.goTo("events")
	s.sees("#event-count", "12")

	s.post(s.console+"/devices/pump-9/enable", "")
	s.goTo("queue")
	s.press("#queue-rows", "Replay")
	s.sees("#queue-empty", "None")
	s.until(waiting + ` === 0`)
	s.goTo("events")
	s.sees("#event-list .item", "pump-9")
}
