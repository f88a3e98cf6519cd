package cache_test

import (
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"mayfly/internal/cache"
)

func TestGetSetDelete(t *testing.T) {
	t.Parallel()
	c := cache.New[string](10, 0)
	if _, ok := c.Get("a"); ok {
		t.Error("an empty cache has a value")
	}
	c.Set("a", "1")
	c.Set("a", "2")
	if v, ok := c.Get("a"); !ok || v != "2" {
		t.Errorf("got %q, %v; want the later value", v, ok)
	}
	c.Delete("a")
	if _, ok := c.Get("a"); ok {
		t.Error("a deleted value is still there")
	}
}

func TestBound(t *testing.T) {
	t.Parallel()
	const most = 100
	c := cache.New[int](most, 0)
	for i := range 10_000 {
		c.Set(strconv.Itoa(i), i)
		c.Get("0")
		if c.Len() > most {
			t.Fatalf("%d values after %d sets; the bound is %d", c.Len(), i+1, most)
		}
	}
	if _, ok := c.Get("0"); !ok {
		t.Error("the value that was always asked for is gone")
	}
	if _, ok := c.Get("9999"); !ok {
		t.Error("the newest value is gone")
	}
	if _, ok := c.Get("1"); ok {
		t.Error("an old value that nobody asked for is still there")
	}
}

func TestDeleteReachesBothGenerations(t *testing.T) {
	t.Parallel()
	c := cache.New[int](4, 0)
	for i := range 3 {
		c.Set(strconv.Itoa(i), i) // the third one turns the generation
	}
	c.Delete("0")
	if _, ok := c.Get("0"); ok {
		t.Error("deleted from one generation only")
	}
}

func TestTTLOutlivesPromotion(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := cache.New[int](4, time.Minute)
		c.Set("a", 1)
		time.Sleep(50 * time.Second)
		c.Set("b", 2)
		c.Set("c", 3) // "a" is of the old generation now
		if _, ok := c.Get("a"); !ok {
			t.Fatal("gone before its time")
		}
		time.Sleep(11 * time.Second)
		if _, ok := c.Get("a"); ok {
			t.Error("being read gave it a longer life")
		}
		if _, ok := c.Get("c"); !ok {
			t.Error("a younger value went with it")
		}
	})
}

func TestConcurrentUse(t *testing.T) {
	t.Parallel()
	c := cache.New[int](50, time.Minute)
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			for i := range 2000 {
				key := strconv.Itoa((g + i) % 80)
				c.Set(key, i)
				c.Get(key)
				c.Delete(strconv.Itoa(i % 80))
			}
		})
	}
	wg.Wait()
	if c.Len() > 50 {
		t.Errorf("%d values, the bound is 50", c.Len())
	}
}

func BenchmarkGet(b *testing.B) {
	for _, n := range []int{10, 1_000_000} {
		b.Run(strconv.Itoa(n), func(b *testing.B) {
			c := cache.New[int](2*n, 0)
			keys := make([]string, n)
			for i := range keys {
				keys[i] = "device-" + strconv.Itoa(i)
				c.Set(keys[i], i)
			}
			i := 0
			for b.Loop() {
				c.Get(keys[i%n])
				i += 7919
			}
		})
	}
}
