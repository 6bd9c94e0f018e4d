-- The whole gateway in Lua: tenant, route, token, role, limit, arm, metrics.

local jwt = require "jwt"

local ngx = ngx
local sub, find = string.sub, string.find
local crc32 = ngx.crc32_short
local limits = ngx.shared.limits
local counts = ngx.shared.metrics

local tenants = {}              -- by host
for line in io.lines(ngx.config.prefix() .. "tenants") do
    tenants[line .. ".shop.example"] = line
end

local RATE = 100                -- requests of a user in a second


local function route_of(uri)
    if sub(uri, 1, 11) == "/v1/orders/" then
        return #uri > 11 and not find(uri, "/", 12, true) and "orders"
    end

    if sub(uri, 1, 10) == "/v1/admin/" then
        return #uri > 10 and not find(uri, "/", 11, true) and "admin"
    end
end


-- VERIFY is jwt.verify or jwt.verify_cached.
local function access(verify)
    local var = ngx.var
    local tenant = tenants[var.host]
    local route = route_of(var.uri)

    if not tenant or not route then
        return ngx.exit(404)
    end

    local ctx = ngx.ctx
    ctx.tenant, ctx.route = tenant, route

    local claims = verify(var.http_authorization)

    if not claims then
        return ngx.exit(401)
    end

    if claims.tenant ~= tenant or not jwt.may(claims, route) then
        return ngx.exit(403)
    end

    -- a window of a second; one atomic operation
    local user = claims.sub
    local n = limits:incr(tenant .. "/" .. user .. "/" .. ngx.time(), 1, 0, 2)

    if n and n > RATE then
        return ngx.exit(429)
    end

    var.tenant = tenant
    var.user = user

    if crc32(user) % 100 < 10 then
        var.arm = "canary"
    end
end


-- Counters lie in the worker and are added to the shared ones every second,
-- so that a request takes no lock for them.
local BUCKETS = { 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10 }
local pending = {}

local function log()
    local ctx = ngx.ctx
    local tenant = ctx.tenant

    if not tenant then
        return
    end

    local of_tenant = pending[tenant]
    if not of_tenant then
        of_tenant = {}
        pending[tenant] = of_tenant
    end

    local of_route = of_tenant[ctx.route]
    if not of_route then
        of_route = { status = {}, bucket = {}, sum = 0 }
        of_tenant[ctx.route] = of_route
    end

    local status = ngx.status
    of_route.status[status] = (of_route.status[status] or 0) + 1

    local took = ngx.now() - ngx.req.start_time()
    local i = 1
    while i <= #BUCKETS and took > BUCKETS[i] do
        i = i + 1
    end

    of_route.bucket[i] = (of_route.bucket[i] or 0) + 1
    of_route.sum = of_route.sum + took
end


local function flush()
    local taken = pending
    pending = {}

    for tenant, routes in pairs(taken) do
        for route, n in pairs(routes) do
            local labels = 'tenant="' .. tenant .. '",route="' .. route .. '"'

            for status, count in pairs(n.status) do
                counts:incr('requests{' .. labels .. ',status="' .. status
                            .. '"}', count, 0)
            end

            for i, count in pairs(n.bucket) do
                counts:incr('seconds_bucket{' .. labels .. ',le="'
                            .. (BUCKETS[i] or "+Inf") .. '"}', count, 0)
            end

            counts:incr('seconds_sum{' .. labels .. '}', n.sum, 0)
        end
    end
end


local function init_worker()
    ngx.timer.every(1, flush)
end


local function metrics()
    for _, key in ipairs(counts:get_keys(0)) do
        ngx.say(key, " ", counts:get(key))
    end
end


return { access = access, log = log, init_worker = init_worker,
         metrics = metrics }
