package shopify

import (
	"encoding/json"
	"testing"
)

// BenchmarkOrderBody reads an order of 6 kB: as a whole into a map, for what stock
// needs of it, that from what is left of it in the queue, and the reducing.
func BenchmarkOrderBody(b *testing.B) {
	const topic = "orders/create"
	whole := webhook(b, "orders_create")
	reduced, _ := reduce(topic, whole)
	run := func(name string, body []byte, read func() error) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(body)))
			for b.Loop() {
				if err := read(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	run("map", whole, func() error {
		var m map[string]any
		return json.Unmarshal(whole, &m)
	})
	run("whole", whole, func() error {
		_, err := decodeWebhook(topic, whole)
		return err
	})
	run("reduced", reduced, func() error {
		_, err := decodeWebhook(topic, reduced)
		return err
	})
	run("reduce", whole, func() error {
		reduce(topic, whole)
		return nil
	})
	body, err := decodeWebhook(topic, whole)
	if err != nil {
		b.Fatal(err)
	}
	run("facts", reduced, func() error {
		facts(body, recordedResolver)
		return nil
	})
}
