# What the machine needs for tests, and the servers that they run against. It is
# sourced at the top of the checkout, with work as a folder for files.

pids=() # what was started here and still runs

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
	[ -d /usr/lib/rabbitmq ] || missing+=(rabbitmq-server)
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

rabbit= rabbit_port= rabbit_url= rabbit_restart=

# start_rabbit starts a RabbitMQ in a folder of its own.
start_rabbit() {
	rabbit_port=$(free_port)
	rabbit=$(mktemp -d "$work/rabbitmq.XXXX")
	.ci/rabbitmq start "$rabbit" "$rabbit_port" || fail "RabbitMQ did not start"
	rabbit_url=amqp://guest:guest@127.0.0.1:$rabbit_port/
	rabbit_restart="$PWD/.ci/rabbitmq restart $rabbit"
}

stop_rabbit() {
	[ -n "$rabbit" ] || return 0
	.ci/rabbitmq stop "$rabbit"
	rabbit=
}

# end_servers ends what is left, by its ids.
end_servers() {
	for pid in "${pids[@]}"; do
		kill "$pid" 2>/dev/null || true
		wait "$pid" 2>/dev/null || true
	done
	stop_rabbit
	restore_policy
}
