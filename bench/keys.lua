-- For wrk: requests with a header X-Key of one of so many keys, in turn.
-- wrk -s keys.lua URL -- KEYS

local requests = {}
local n = 0

function init(args)
    for i = 1, tonumber(args[1]) do
        requests[i] = wrk.format("GET", nil, { ["Host"] = "a",
                                               ["X-Key"] = "key-" .. i })
    end
end

function request()
    n = n % #requests + 1
    return requests[n]
end
