# What .ci/run and .ci/long share. It is sourced, at the top of the checkout.

linter=v2.15.0 # of golangci-lint
work=$(mktemp -d)
bin=$PWD/.cache/bin
mkdir -p "$bin" "$work/bin"
export PATH=$bin:$PATH
unset REDIS_URL REDIS_EXCLUSIVE REDIS_CLUSTER "${!ONHAND_@}" # what is tested on which Redis is said below

started=$SECONDS
now=setup # the section that runs
report=()

fail() {
	echo "FAIL: $*" >&2
	exit 1
}

# section NAME COMMAND...: a header, the command, and its time.
section() {
	now=$1
	local since=$SECONDS
	printf '\n=== %s\n' "$now"
	"${@:2}"
	report+=("$(printf '%5d s  %s' $((SECONDS - since)) "$now")")
	printf -- '--- ok: %s (%d s)\n' "$now" $((SECONDS - since))
}

finish() {
	local code=$?
	trap - EXIT
	end_servers
	rm -rf "$work"
	printf '\n=== summary\n'
	[ ${#report[@]} -eq 0 ] || printf '%s\n' "${report[@]}"
	if [ "$code" -eq 0 ]; then
		echo "PASSED: every check, in $((SECONDS - started)) s"
	else
		echo "FAILED: $now (exit code $code), after $((SECONDS - started)) s"
	fi
	exit "$code"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

. .ci/machine.sh

# --- checks

install_linter() {
	case $("$bin/golangci-lint" version 2>/dev/null || true) in
	*" ${linter#v} "*) ;;
	*) GOBIN=$bin go install "github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$linter" ;;
	esac
	golangci-lint version
}

# checksums of all files but git's and the cache.
checksums() { find . -name .git -prune -o -name .cache -prune -o -type f -print0 | sort -z | xargs -0 sha256sum --; }

# demo SEED [FLAG...]
demo() {
	echo "service -demo ${length:-5s} -seed $*"
	timeout 120 "$work/bin/service" -demo "${length:-5s}" -seed "$@" >"$work/demo" 2>&1 || {
		cat "$work/demo"
		fail "the demo with seed $1 failed"
	}
	tail -n 1 "$work/demo"
}

service_ready() { (exec 3<>"/dev/tcp/127.0.0.1/$service_port") && grep -q serving "$work/service"; }

start_service() {
	ONHAND_SHOP_DOMAIN=test.myshopify.com ONHAND_SHOP_TOKEN=test ONHAND_WEBHOOK_SECRETS=secret ONHAND_SHOP_URL=$shop_url \
		ONHAND_MERCHANT=two-processes ONHAND_LISTEN=127.0.0.1:$service_port ONHAND_REDIS_URL=$redis_url \
		ONHAND_REPLAY_PROVED=true "$work/bin/service" >"$work/service" 2>&1 &
	service_pid=$!
	pids+=("$service_pid")
	until_true 20 service_ready || {
		cat "$work/service"
		fail "the service does not serve"
	}
}

# stop NAME PID: it must end in good order by SIGTERM.
stop() {
	local code=0
	kill "$2"
	wait "$2" || code=$?
	gone "$2"
	[ "$code" -eq 0 ] || {
		cat "$work/$1"
		fail "$1 ended with exit code $code"
	}
}

# two_processes NAME SHOP-FLAGS AGREE-FLAGS: a test shop with a shopper and the
# service, by its documented settings, against each other. The service loads while
# the shop is quiet, is ended, and is started again. Then shop and store must
# agree.
two_processes() {
	echo "$1"
	start_redis everysec
	service_port=$(free_port)
	# shellcheck disable=SC2086 # flags
	"$work/bin/testshop" -webhooks "http://127.0.0.1:$service_port/webhooks/shopify" -shopper 10 -after 4s -for 5s $2 >"$work/testshop" 2>&1 &
	shop_pid=$!
	pids+=("$shop_pid")
	until_true 10 grep -q '^http://' "$work/testshop" || {
		cat "$work/testshop"
		fail "the test shop does not start"
	}
	shop_url=$(grep -m 1 '^http://' "$work/testshop")
	start_service
	sleep 10
	stop service "$service_pid"
	sleep 11 # until the shop's index of orders, which lags, has them all
	start_service
	# shellcheck disable=SC2086
	"$work/bin/agree" -shop "$shop_url" -redis "$redis_url" -merchant two-processes -orders 10 -sell -within "${WITHIN:-100s}" $3 || {
		cat "$work/service"
		fail "shop and store do not agree"
	}
	stop service "$service_pid"
	stop testshop "$shop_pid"
	tail -n 1 "$work/testshop"
	stop_redis
}

# both_worlds SEED: one location and two, where nothing excuses a difference, and
# two between which units move as no message tells.
both_worlds() {
	two_processes "one location, seed $1" "-world .ci/world.json -seed $1" -strict
	two_processes "two locations, seed $1" "-seed $1" -strict
	two_processes "two locations and moves, seed $1" "-wild -seed $1" ""
}
