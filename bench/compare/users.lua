-- For wrk: GET /v1/orders/7 by each user in turn; see bench/compare/run.
-- wrk -s users.lua URL -- FILE

local requests = {}
local n = 0

function init(args)
    for line in io.lines(args[1]) do
        local host, token = line:match "^(%S+) (%S+)$"

        requests[#requests + 1] = wrk.format("GET", "/v1/orders/7", {
            ["Host"] = host,
            ["Authorization"] = "Bearer " .. token,
        })
    end
end

function request()
    n = n % #requests + 1
    return requests[n]
end
