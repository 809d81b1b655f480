// Package onhand keeps stock right across Shopify, warehouses, tills and
// marketplaces.
package onhand
