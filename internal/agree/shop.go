package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/onhand-dev/onhand/inventory"
	"github.com/onhand-dev/onhand/shopify"
)

const (
	levelsQuery = `query ($after: String) {
  inventoryItems(first: 10, after: $after) {
    nodes {
      sku
      tracked
      inventoryLevels(first: 20) {
        nodes { isActive location { name } quantities(names: ["available"]) { quantity } }
        pageInfo { hasNextPage }
      }
    }
    pageInfo { hasNextPage endCursor }
  }
}`
	ordersQuery = `query ($after: String) {
  orders(first: 100, after: $after) { nodes { id } pageInfo { hasNextPage endCursor } }
}`
)

// shop is an Admin API.
type shop struct{ url, token string }

type page struct {
	HasNextPage bool
	EndCursor   string
}

// levels reads what the shop shows as available, wherever it keeps stock.
func (s shop) levels(ctx context.Context) (map[inventory.Key]int64, error) {
	all := map[inventory.Key]int64{}
	for after := ""; ; {
		var data struct {
			InventoryItems struct {
				Nodes []struct {
					SKU             string
					Tracked         bool
					InventoryLevels struct {
						Nodes []struct {
							IsActive   bool
							Location   struct{ Name string }
							Quantities []struct{ Quantity int64 }
						}
						PageInfo page
					}
				}
				PageInfo page
			}
		}
		if err := s.ask(ctx, levelsQuery, after, &data); err != nil {
			return nil, err
		}
		for _, item := range data.InventoryItems.Nodes {
			if item.InventoryLevels.PageInfo.HasNextPage {
				return nil, fmt.Errorf("%s lies in more than 20 places", item.SKU)
			}
			for _, l := range item.InventoryLevels.Nodes {
				if item.Tracked && l.IsActive {
					all[inventory.Key{SKU: item.SKU, Location: l.Location.Name}] = l.Quantities[0].Quantity
				}
			}
		}
		if after = data.InventoryItems.PageInfo.EndCursor; !data.InventoryItems.PageInfo.HasNextPage {
			return all, nil
		}
	}
}

// orders counts the orders that the shop lists.
func (s shop) orders(ctx context.Context) (n int, err error) {
	for after := ""; ; {
		var data struct {
			Orders struct {
				Nodes    []struct{ ID string }
				PageInfo page
			}
		}
		if err := s.ask(ctx, ordersQuery, after, &data); err != nil {
			return 0, err
		}
		n += len(data.Orders.Nodes)
		if after = data.Orders.PageInfo.EndCursor; !data.Orders.PageInfo.HasNextPage {
			return n, nil
		}
	}
}

func (s shop) ask(ctx context.Context, query, after string, data any) (err error) {
	variables := map[string]any{}
	if after != "" {
		variables["after"] = after
	}
	body, err := json.Marshal(map[string]any{"query": query, "variables": variables})
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url+"/admin/api/"+shopify.DefaultVersion+"/graphql.json", bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("X-Shopify-Access-Token", s.token)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, res.Body.Close()) }()
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("the shop answers %s", res.Status)
	}
	answer := struct {
		Data   any
		Errors []struct{ Message string }
	}{Data: data}
	if err := json.NewDecoder(res.Body).Decode(&answer); err != nil {
		return err
	}
	if len(answer.Errors) > 0 {
		return fmt.Errorf("the shop answers: %s", answer.Errors[0].Message)
	}
	return nil
}
