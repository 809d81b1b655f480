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
pids=() # what was started here and still runs

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
	for pid in "${pids[@]}"; do
		kill "$pid" 2>/dev/null || true
		wait "$pid" 2>/dev/null || true
	done
	restore_policy
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

# --- what the machine lacks

policy=/usr/sbin/policy-rc.d
policy_kept=

# forbid_services keeps packages from starting what they bring.
forbid_services() {
	policy_kept=none
	if [ -e "$policy" ]; then
		cp -p "$policy" "$work/policy-rc.d"
		policy_kept=$work/policy-rc.d
	fi
	printf '#!/bin/sh\nexit 101\n' >"$policy"
	chmod 755 "$policy"
}

restore_policy() {
	case $policy_kept in
	'') ;;
	none) rm -f "$policy" ;;
	*) cp -p "$policy_kept" "$policy" ;;
	esac
	policy_kept=
}

install_packages() {
	local missing=()
	command -v gcc >/dev/null || missing+=(gcc libc6-dev) # -race links with it
	command -v redis-server >/dev/null || missing+=(redis-server)
	if [ ${#missing[@]} -gt 0 ]; then
		[ "$(id -u)" -eq 0 ] || fail "these packages are missing, and only root can install them: ${missing[*]}"
		forbid_services
		apt-get update -qq
		DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >"$work/apt" 2>&1 || {
			cat "$work/apt"
			fail "could not install ${missing[*]}"
		}
		restore_policy
	fi
	go version
	gcc --version | head -n 1
	redis-server --version
	case $(redis-server --version) in
	*' v=7.'* | *' v=8.'*) ;;
	*) fail "the store needs Redis 7" ;;
	esac
}

install_linter() {
	case $("$bin/golangci-lint" version 2>/dev/null || true) in
	*" ${linter#v} "*) ;;
	*) GOBIN=$bin go install "github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$linter" ;;
	esac
	golangci-lint version
}

# --- servers

# free_port prints a loopback port that nobody listens at.
free_port() {
	local port
	while :; do
		port=$((20000 + RANDOM % 12000))
		(exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || break
	done
	echo "$port"
}

# gone PID: it is not ours to end any more.
gone() {
	local left=()
	for pid in "${pids[@]}"; do [ "$pid" = "$1" ] || left+=("$pid"); done
	pids=("${left[@]}")
}

# until_true SECONDS COMMAND...
until_true() {
	local end=$((SECONDS + $1))
	until "${@:2}" >/dev/null 2>&1; do
		[ "$SECONDS" -lt "$end" ] || return 1
		sleep 0.1
	done
}

redis_pid= redis_port= redis_url=

redis_says() { redis-cli -h 127.0.0.1 -p "$redis_port" "$@"; }

redis_answers() { [ "$(redis_says PING)" = PONG ] && [ "$(redis_says INFO server | sed -n 's/^process_id:\([0-9]*\).*/\1/p')" = "$redis_pid" ]; }

# start_redis FSYNC starts a Redis that writes its file like that, or, if it is
# off, none.
start_redis() {
	redis_port=$(free_port)
	local dir aof=(--appendonly yes --appendfsync "$1")
	[ "$1" != off ] || aof=(--appendonly no)
	dir=$(mktemp -d "$work/redis.XXXX")
	redis-server --bind 127.0.0.1 --port "$redis_port" --dir "$dir" --daemonize no --save '' \
		"${aof[@]}" --maxmemory-policy noeviction >"$dir/log" 2>&1 &
	redis_pid=$!
	pids+=("$redis_pid")
	until_true 10 redis_answers || {
		cat "$dir/log"
		fail "Redis did not start"
	}
	redis_url=redis://127.0.0.1:$redis_port/0
}

stop_redis() {
	kill "$redis_pid"
	wait "$redis_pid" || true
	gone "$redis_pid"
}

# start_cluster starts a Redis Cluster of three masters; cluster_addrs has them.
cluster_pids=() cluster_addrs=

start_cluster() {
	local ports=() addrs=() port dir
	for _ in 1 2 3; do
		port=$(free_port)
		dir=$(mktemp -d "$work/cluster.XXXX")
		redis-server --bind 127.0.0.1 --port "$port" --dir "$dir" --daemonize no --save '' --appendonly yes \
			--maxmemory-policy noeviction --cluster-enabled yes --cluster-node-timeout 5000 >"$dir/log" 2>&1 &
		cluster_pids+=("$!")
		pids+=("$!")
		until_true 10 redis-cli -h 127.0.0.1 -p "$port" PING || {
			cat "$dir/log"
			fail "a node of the Redis Cluster did not start"
		}
		ports+=("$port")
		addrs+=("127.0.0.1:$port")
	done
	redis-cli --cluster create "${addrs[@]}" --cluster-yes >"$work/cluster" || {
		cat "$work/cluster"
		fail "the Redis Cluster was not made"
	}
	for port in "${ports[@]}"; do
		until_true 20 cluster_ok "$port" || fail "the Redis Cluster is not ok"
	done
	cluster_addrs=$(
		IFS=,
		echo "${addrs[*]}"
	)
}

cluster_ok() { redis-cli -h 127.0.0.1 -p "$1" CLUSTER INFO | grep -q '^cluster_state:ok'; }

stop_cluster() {
	for pid in "${cluster_pids[@]}"; do
		kill "$pid"
		wait "$pid" || true
		gone "$pid"
	done
	cluster_pids=()
}

# --- checks

# checksums of all files but git's and the cache.
checksums() { find . -name .git -prune -o -name .cache -prune -o -type f -print0 | sort -z | xargs -0 sha256sum --; }

# demo SEED [FLAG...]
demo() {
	echo "service -demo 5s -seed $*"
	timeout 120 "$work/bin/service" -demo 5s -seed "$@" >"$work/demo" 2>&1 || {
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
