package cache_test

import (
	"strconv"
	"strings"
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
	for _, maxValues := range []int{2, 3, 100, 101} {
		t.Run(strconv.Itoa(maxValues), func(t *testing.T) {
			t.Parallel()
			c, unread := cache.New[int](maxValues, 0), cache.New[int](maxValues, 0)
			for i := range 10_000 {
				c.Set(strconv.Itoa(i), i)
				c.Get("0")
				unread.Set(strconv.Itoa(i), i)
				if c.Len() > maxValues || unread.Len() > maxValues {
					t.Fatalf("%d and %d values after %d sets; the bound is %d", c.Len(), unread.Len(), i+1, maxValues)
				}
			}
			if _, ok := c.Get("9999"); !ok {
				t.Error("the newest value is gone")
			}
			if _, ok := c.Get("1"); ok {
				t.Error("an old value that nobody read is still there")
			}
			if _, ok := c.Get("0"); !ok && maxValues > 3 {
				t.Error("the value that was read all the time is gone")
			}
		})
	}
}

// TestSizedBound: values together never take more than the bound, whatever is written over or deleted, and what is too
// large is not kept.
func TestSizedBound(t *testing.T) {
	t.Parallel()
	const bound = 1000
	c := cache.NewSized(bound, 0, func(key, value string) int { return len(key) + len(value) })
	want := map[string]string{}
	total := func() (n int) {
		for key := range want {
			if value, ok := c.Get(key); ok {
				n += len(key) + len(value)
			}
		}
		return n
	}
	for i := range 3000 {
		key := strconv.Itoa(i * 7 % 50)
		value := strings.Repeat("x", i%90)
		c.Set(key, value)
		want[key] = value
		if i%5 == 0 {
			c.Delete(strconv.Itoa(i % 50))
		} else if got, ok := c.Get(key); !ok || got != value {
			t.Fatalf("%d: the value just written is gone", i)
		}
		if n := total(); n > bound {
			t.Fatalf("%d: the values take %d, the bound is %d", i, n, bound)
		}
	}
	c.Set("large", strings.Repeat("x", bound/2))
	if _, ok := c.Get("large"); ok {
		t.Error("a value of more than half the bound is kept")
	}
	c.Set("small", "x")
	c.Set("small", strings.Repeat("x", bound))
	if _, ok := c.Get("small"); ok {
		t.Error("the value before one that is too large is still there")
	}
}

func TestDeleteReachesBothGenerations(t *testing.T) {
	t.Parallel()
	c := cache.New[int](4, 0)
	for i := range 3 {
		c.Set(strconv.Itoa(i), i) // the third starts a new generation
	}
	c.Delete("0")
	if _, ok := c.Get("0"); ok {
		t.Error("it was deleted from one generation only")
	}
}

func TestTTLOutlivesPromotion(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := cache.New[int](4, time.Minute)
		c.Set("a", 1)
		time.Sleep(50 * time.Second)
		c.Set("b", 2)
		c.Set("c", 3) // "a" is in the old generation now
		if _, ok := c.Get("a"); !ok {
			t.Fatal("gone before its time")
		}
		time.Sleep(11 * time.Second)
		if _, ok := c.Get("a"); ok {
			t.Error("a read gave it a longer life")
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
