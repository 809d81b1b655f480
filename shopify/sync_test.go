package shopify_test

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/onhand-dev/onhand/inventory"
	"github.com/onhand-dev/onhand/inventory/memstore"
	"github.com/onhand-dev/onhand/queue"
	"github.com/onhand-dev/onhand/queue/memqueue"
	"github.com/onhand-dev/onhand/shopify"
	"github.com/onhand-dev/onhand/shopify/shopifytest"
)

// rig is a test Shopify and everything that keeps a stock equal to it, in one
// bubble of fake time and without sockets.
type rig struct {
	t        *testing.T
	twin     *shopifytest.Server
	client   *shopify.Client
	catalog  *shopify.ShopCatalog
	stock    *inventory.Stock
	queue    *memqueue.Queue
	router   *queue.Router
	consumer *shopify.OrderConsumer
	pusher   *inventory.Pusher
}

const merchant = "acme"

func newRig(t *testing.T, cfg *shopifytest.Config, prepare func(*shopifytest.Server)) *rig {
	t.Helper()
	return newRigOf(t, cfg, &inventory.Config{Sourcer: inventory.MostStock()}, prepare)
}

func newRigOf(t *testing.T, cfg *shopifytest.Config, stock *inventory.Config, prepare func(*shopifytest.Server)) *rig {
	t.Helper()
	twin, err := shopifytest.Open(cfg)
	require.NoError(t, err)
	prepare(twin)
	r := &rig{t: t, twin: twin, queue: memqueue.New(nil)}
	r.client, err = shopify.NewClient(twin.Domain, shopify.StaticToken(twin.Token), &shopify.ClientConfig{
		BaseURL: "http://" + twin.Domain, HTTP: &http.Client{Transport: twin.Transport()}, Timeout: 5 * time.Second,
	})
	require.NoError(t, err)
	r.catalog = shopify.NewCatalog(r.client, nil)
	r.stock, err = inventory.New(memstore.New(nil), merchant, stock)
	require.NoError(t, err)
	report, err := shopify.Load(t.Context(), r.stock, r.client, r.catalog, &shopify.LoadConfig{ReplayProved: true})
	require.NoError(t, err)
	require.Positive(t, report.Tracked)
	time.Sleep(2 * time.Second) // orders of the second of the load are not older than it
	receiver, err := shopify.NewReceiver(r.queue, []string{"an old secret", twin.Secret}, &shopify.ReceiverConfig{
		MerchantOf: func(string) (string, error) { return merchant, nil },
	})
	require.NoError(t, err)
	twin.DeliverTo(receiver)
	r.consumer, err = shopify.NewOrderConsumer(r.stock, r.client, r.catalog, &shopify.OrderConfig{
		Merchant: merchant, UnclaimedSources: []string{"import"},
	})
	require.NoError(t, err)
	r.router = queue.NewRouter(r.queue, nil)
	r.router.Handle("shopify.webhooks", "orders", r.consumer.Handle)
	r.pusher = inventory.NewPusher(r.stock, shopify.NewSyncer(r.client, r.catalog, nil), nil)
	return r
}

func (r *rig) deliver() {
	r.t.Helper()
	r.twin.Flush(r.t.Context())
	require.NoError(r.t, r.router.Drain(r.t.Context()))
}

func (r *rig) catchUp() {
	r.t.Helper()
	time.Sleep(15 * time.Second) // the index of orders lags
	require.NoError(r.t, r.consumer.Drain(r.t.Context(), r.stock, nil))
}

func (r *rig) level(sku, location string) inventory.Level {
	r.t.Helper()
	ls, err := r.stock.Levels(r.t.Context(), inventory.Key{SKU: sku, Location: location})
	require.NoError(r.t, err)
	return ls[0]
}

// equal demands that store, believed and shop agree on every level.
func (r *rig) equal() {
	r.t.Helper()
	for _, l := range r.twin.Levels() {
		if !l.Active || !l.Tracked {
			continue
		}
		k := inventory.Key{SKU: cmp.Or(l.SKU, "item:"+l.Item[strings.LastIndexByte(l.Item, '/')+1:]), Location: l.LocationName}
		require.Equal(r.t, l.Quantities["available"], r.level(k.SKU, k.Location).Available, "available of %s", k)
		for b, err := range r.stock.Store().Beliefs(r.t.Context(), merchant, r.client.Channel(), []inventory.Key{k}) {
			require.NoError(r.t, err)
			require.Equal(r.t, l.Quantities["available"], b.Believed, "believed of %s", k)
			require.Empty(r.t, b.Parked)
		}
	}
}

func bubble(t *testing.T, f func(t *testing.T)) {
	t.Helper()
	synctest.Test(t, f)
}

func mugs(n int64) func(*shopifytest.Server) {
	return func(s *shopifytest.Server) { s.Stock("MUG", "berlin", n) }
}

func mug(n int64) inventory.Line { return inventory.Line{SKU: "MUG", Location: "berlin", Quantity: n} }

func TestLastUnitIsSoldOnce(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRig(t, &shopifytest.Config{Seed: 1, Duplicate: 0.5, Reorder: 0.5}, mugs(2))
		_, err := r.stock.Reserve(t.Context(), "cart-1", 10*time.Minute, mug(1))
		require.NoError(t, err)
		_, err = r.twin.Order(shopifytest.Line{SKU: "MUG", Quantity: 1}) // sold on Shopify meanwhile
		require.NoError(t, err)
		r.deliver()
		_, err = r.stock.Reserve(t.Context(), "cart-2", 10*time.Minute, mug(1))
		require.ErrorIs(t, err, inventory.ErrInsufficient)
		_, err = r.stock.Commit(t.Context(), "cart-1", "order/17")
		require.NoError(t, err)
		r.twin.OnRequest(func(op string, n int) shopifytest.Fault {
			return shopifytest.Fault{LoseReply: op == "inventoryAdjustQuantities" && n == 1}
		})
		require.NoError(t, r.pusher.Drain(t.Context()))
		require.Zero(t, r.twin.Available("MUG", "berlin"))
		require.EqualValues(t, 1, r.pusher.Stats().NoAnswer)
		r.equal()
	})
}

func TestShopifysOwnSalesCauseNoPush(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRig(t, nil, mugs(10))
		for range 3 {
			_, err := r.twin.Order(shopifytest.Line{SKU: "MUG", Quantity: 2})
			require.NoError(t, err)
		}
		r.deliver()
		require.NoError(t, r.pusher.Drain(t.Context()))
		require.Zero(t, r.pusher.Stats().Batches)
		require.EqualValues(t, 6, r.level("MUG", "berlin").Committed)
		r.equal()
	})
}

func TestOrderThatCarriesAReservationSettlesIt(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRig(t, &shopifytest.Config{Seed: 2, Duplicate: 0.5}, mugs(10))
		_, err := r.stock.Reserve(t.Context(), "cart-1", 10*time.Minute, mug(4))
		require.NoError(t, err)
		require.NoError(t, r.pusher.Drain(t.Context()))
		require.EqualValues(t, 6, r.twin.Available("MUG", "berlin"))
		_, err = r.twin.Sell(shopifytest.Sale{
			Lines: []shopifytest.Line{{SKU: "MUG", Quantity: 4}}, Attributes: [][2]string{{"onhand_reservation", "cart-1"}},
		})
		require.NoError(t, err)
		r.deliver()
		l := r.level("MUG", "berlin")
		require.EqualValues(t, 6, l.Available, "what was held is sold, and not once more")
		require.EqualValues(t, 0, l.Reserved)
		require.EqualValues(t, 4, l.Committed)
		require.NoError(t, r.pusher.Drain(t.Context()))
		require.EqualValues(t, 6, r.twin.Available("MUG", "berlin"), "the shop took four more, and is given them back")
		r.equal()
	})
}

func TestUnclaimedOrderMovesNothing(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRig(t, nil, mugs(10))
		_, err := r.twin.Sell(shopifytest.Sale{Lines: []shopifytest.Line{{SKU: "MUG", Quantity: 4}}, Unclaimed: true, Source: "import"})
		require.NoError(t, err)
		r.deliver()
		require.EqualValues(t, 10, r.level("MUG", "berlin").Available)
		r.equal()
	})
}

func TestWebhookThatNeverComesIsMadeUpFor(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRig(t, &shopifytest.Config{Lose: 1}, mugs(10))
		id, err := r.twin.Order(shopifytest.Line{SKU: "MUG", Quantity: 3})
		require.NoError(t, err)
		require.NoError(t, r.twin.Cancel(id, true))
		_, err = r.twin.Order(shopifytest.Line{SKU: "MUG", Quantity: 2})
		require.NoError(t, err)
		r.deliver()
		require.EqualValues(t, 10, r.level("MUG", "berlin").Available, "nobody told us")
		r.catchUp()
		require.EqualValues(t, 8, r.level("MUG", "berlin").Available)
		r.equal()
		r.catchUp()
		require.EqualValues(t, 8, r.level("MUG", "berlin").Available, "read twice, counted once")
	})
}

func TestOrdersThatTakeNoStock(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRig(t, nil, func(s *shopifytest.Server) {
			mugs(10)(s)
			s.AddItem(shopifytest.Item{SKU: "CARD", GiftCard: true, Untracked: true})
			s.AddItem(shopifytest.Item{SKU: "ADVICE", Untracked: true})
		})
		_, err := r.twin.Sell(shopifytest.Sale{Lines: []shopifytest.Line{{SKU: "CARD", Quantity: 1}, {SKU: "ADVICE", Quantity: 2}, {Custom: "Engraving", Quantity: 1}, {SKU: "MUG", Quantity: 1}}})
		require.NoError(t, err)
		r.deliver()
		require.EqualValues(t, 9, r.level("MUG", "berlin").Available)
		r.catchUp()
		r.equal()
		for _, s := range r.router.Stats() {
			require.Zero(t, s.Dead)
		}
	})
}

func TestOutageOfTheShopCostsNoWebhook(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRig(t, nil, mugs(10))
		r.twin.Outage(true)
		for range 3 {
			_, err := r.twin.Order(shopifytest.Line{SKU: "MUG", Quantity: 1})
			require.NoError(t, err)
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
			r.twin.Flush(ctx)
			require.Error(t, r.router.Drain(ctx), "what the mug's variant is can't be asked")
			cancel()
		}
		r.twin.Outage(false)
		require.NoError(t, r.router.Drain(t.Context()))
		for _, s := range r.router.Stats() {
			require.Zero(t, s.Dead)
		}
		require.EqualValues(t, 7, r.level("MUG", "berlin").Available)
		r.equal()
	})
}

func TestOneBadLevelDoesNotHoldUpTheOthers(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRig(t, nil, func(s *shopifytest.Server) {
			for i := range 20 {
				s.Stock(fmt.Sprintf("SKU-%02d", i), "berlin", 10)
			}
		})
		for i := range 20 {
			_, err := r.stock.Apply(t.Context(), inventory.Sell(fmt.Sprint(i), inventory.Line{SKU: fmt.Sprintf("SKU-%02d", i), Location: "berlin", Quantity: 1}))
			require.NoError(t, err)
		}
		require.NoError(t, r.twin.SetTracked("SKU-07", false)) // the merchant stops counting it
		require.NoError(t, r.pusher.Drain(t.Context()))
		parked := 0
		for b, err := range r.stock.Store().Beliefs(t.Context(), merchant, r.client.Channel(), nil) {
			require.NoError(t, err)
			require.Equal(t, "SKU-07", b.SKU)
			require.NotEmpty(t, b.Parked)
			parked++
		}
		require.Equal(t, 1, parked)
		r.equal()
	})
}

func TestPushesWaitForPointsAndOutages(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRig(t, &shopifytest.Config{Seed: 3, MaximumAvailable: 400, RestoreRate: 20}, mugs(1000))
		n := 0
		r.twin.OnRequest(func(op string, _ int) shopifytest.Fault {
			n++
			return shopifytest.Fault{Drop: n%5 == 0, LoseReply: n%5 == 1, Throttle: n%5 == 2}
		})
		r.twin.Outage(true)
		go func() { time.Sleep(30 * time.Second); r.twin.Outage(false) }()
		for i := range 40 {
			_, err := r.stock.Apply(t.Context(), inventory.Sell(fmt.Sprint(i), mug(1)))
			require.NoError(t, err)
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			_ = r.pusher.Drain(ctx) // some of it
			cancel()
		}
		require.NoError(t, r.pusher.Drain(t.Context()))
		require.EqualValues(t, 960, r.twin.Available("MUG", "berlin"))
		r.equal()
	})
}

func TestReplayIsProvedOnATestItem(t *testing.T) {
	bubble(t, func(t *testing.T) {
		for _, forget := range []bool{false, true} {
			r := newRig(t, &shopifytest.Config{ForgetKeys: forget}, mugs(10))
			require.NoError(t, r.stock.Configure(t.Context(), inventory.Settings{Channels: []inventory.Channel{{Name: r.client.Channel()}}}))
			proved, err := shopify.ProveReplay(t.Context(), r.stock, r.client, r.catalog, inventory.Key{SKU: "MUG", Location: "berlin"})
			require.NoError(t, err)
			require.Equal(t, !forget, proved)
			require.EqualValues(t, 10, r.twin.Available("MUG", "berlin"), "put back")
			if forget {
				require.ErrorIs(t, r.pusher.Drain(t.Context()), inventory.ErrUnproved)
			} else {
				require.NoError(t, r.pusher.Drain(t.Context()))
			}
		}
	})
}

func TestLoadCountsWhatIsThereAndOldOrdersAsLoaded(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var old string
		r := newRig(t, nil, func(s *shopifytest.Server) {
			mugs(10)(s)
			s.Stock("", "berlin", 1)
			s.AddItem(shopifytest.Item{SKU: "ADVICE", Untracked: true})
			var err error
			old, err = s.Order(shopifytest.Line{SKU: "MUG", Quantity: 4})
			require.NoError(t, err)
			time.Sleep(time.Hour)
		})
		l := r.level("MUG", "berlin")
		require.EqualValues(t, 6, l.Available)
		require.EqualValues(t, 4, l.Committed)
		r.catchUp()
		require.Equal(t, l.Available, r.level("MUG", "berlin").Available, "the load has the order in it")
		_, err := r.twin.Fulfill(old)
		require.NoError(t, err)
		r.deliver()
		require.Zero(t, r.level("MUG", "berlin").Committed, "what happens to it later counts")
		again, err := shopify.Load(t.Context(), r.stock, r.client, r.catalog, nil)
		require.NoError(t, err)
		require.Zero(t, again.Tracked, "what is known keeps its quantities")
		r.equal()
	})
}

// The shop lives for a while with everything that goes wrong there; then all
// is equal, over one location and several, with the facts going to the stock
// or being fetched alone.
func TestShopAndStockAgreeInTheEnd(t *testing.T) {
	for seed := range uint64(6) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				cfg := &shopifytest.Config{Seed: seed, Duplicate: 0.2, Reorder: 0.3, Lose: 0.2, Stale: 0.1, Late: 0.2, Skew: 2 * time.Second}
				r := newRig(t, cfg, func(s *shopifytest.Server) {
					for i := range 8 {
						for _, at := range []string{"berlin", "lyon", "porto"}[:1+seed%3] {
							s.Stock(fmt.Sprintf("SKU-%d", i), at, 30)
						}
					}
				})
				shopper := r.twin.Shopper(&shopifytest.ShopperConfig{
					Seed: seed, Custom: 0.1, Mix: shopifytest.Mix{Order: 40, Cancel: 8, Refund: 15, Edit: 10, Fulfill: 20, Touch: 5},
				})
				n := 0
				r.twin.OnRequest(func(string, int) shopifytest.Fault {
					n++
					return shopifytest.Fault{Drop: n%17 == 0, LoseReply: n%13 == 0}
				})
				for i := range 150 {
					shopper.Step()
					line := inventory.Line{SKU: fmt.Sprintf("SKU-%d", i%8), Quantity: 1}
					if _, err := r.stock.Apply(t.Context(), inventory.Sell(fmt.Sprint("web/", i), line)); err != nil {
						require.ErrorIs(t, err, inventory.ErrInsufficient)
					}
					time.Sleep(700 * time.Millisecond)
					r.twin.Deliver(t.Context())
					if i%20 == 0 {
						require.NoError(t, r.router.Drain(t.Context()))
					}
				}
				r.deliver()
				r.catchUp()
				require.NoError(t, r.pusher.Drain(t.Context()))
				r.equal()
				for _, s := range r.router.Stats() {
					require.Zero(t, s.Dead)
				}
			})
		})
	}
}

func TestDocumentsAreNamedByOrder(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRig(t, nil, mugs(10))
		id, err := r.twin.Order(shopifytest.Line{SKU: "MUG", Quantity: 3})
		require.NoError(t, err)
		r.deliver()
		recs, err := r.stock.Orders(t.Context(), r.client.Channel()+"/"+id[strings.LastIndexByte(id, '/')+1:])
		require.NoError(t, err)
		require.NotNil(t, recs[0])
		require.Equal(t, inventory.Movement{{SKU: "MUG", Location: "berlin", Available: -3, Committed: 3}}, recs[0].Booked)
	})
}
