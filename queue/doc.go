// Package queue carries events between services.
package queue
