-- Tokens: RS256 or HS256 by libcrypto, which nginx has in it already, through
-- FFI.  The key is parsed and contexts are made once a worker.

local ffi = require "ffi"
local base64 = require "ngx.base64"
local cjson = require "cjson.safe"
local lrucache = require "resty.lrucache"

local C = ffi.C
local find, sub = string.find, string.sub
local decode = base64.decode_base64url
local now = ngx.time

ffi.cdef [[
typedef struct bio_st BIO;
typedef struct evp_pkey_st EVP_PKEY;
typedef struct evp_pkey_ctx_st EVP_PKEY_CTX;
typedef struct evp_md_st EVP_MD;
typedef struct evp_md_ctx_st EVP_MD_CTX;
typedef struct evp_mac_st EVP_MAC;
typedef struct evp_mac_ctx_st EVP_MAC_CTX;
typedef struct {
    const char   *key;
    unsigned int  data_type;
    void         *data;
    size_t        data_size;
    size_t        return_size;
} OSSL_PARAM;

BIO *BIO_new_mem_buf(const void *buf, int len);
EVP_PKEY *PEM_read_bio_PUBKEY(BIO *bp, EVP_PKEY **x, void *cb, void *u);
EVP_MD *EVP_MD_fetch(void *ctx, const char *algorithm, const char *props);
EVP_MD_CTX *EVP_MD_CTX_new(void);
int EVP_DigestVerifyInit(EVP_MD_CTX *ctx, EVP_PKEY_CTX **pctx,
    const EVP_MD *type, void *e, EVP_PKEY *pkey);
int EVP_DigestVerify(EVP_MD_CTX *ctx, const unsigned char *sig, size_t siglen,
    const unsigned char *tbs, size_t tbslen);
EVP_MAC *EVP_MAC_fetch(void *ctx, const char *algorithm, const char *props);
EVP_MAC_CTX *EVP_MAC_CTX_new(EVP_MAC *mac);
int EVP_MAC_init(EVP_MAC_CTX *ctx, const unsigned char *key, size_t keylen,
    const OSSL_PARAM *params);
int EVP_MAC_update(EVP_MAC_CTX *ctx, const unsigned char *data,
    size_t datalen);
int EVP_MAC_final(EVP_MAC_CTX *ctx, unsigned char *out, size_t *outl,
    size_t outsize);
int CRYPTO_memcmp(const void *a, const void *b, size_t len);
void ERR_clear_error(void);
]]

local alg = os.getenv "JWT_ALG"
local file = assert(io.open(os.getenv "JWT_KEY", "rb"))
local text = file:read "*a"
file:close()

local headers = assert(lrucache.new(100))       -- good ones, as sent
local signed


if alg == "RS256" then
    local pkey = C.PEM_read_bio_PUBKEY(C.BIO_new_mem_buf(text, #text), nil,
                                       nil, nil)
    local sha256 = C.EVP_MD_fetch(nil, "SHA256", nil)
    local ctx = C.EVP_MD_CTX_new()

    assert(pkey ~= nil and sha256 ~= nil and ctx ~= nil)

    function signed(what, signature)
        if C.EVP_DigestVerifyInit(ctx, nil, sha256, nil, pkey) == 1
            and C.EVP_DigestVerify(ctx, signature, #signature, what, #what)
                == 1
        then
            return true
        end

        C.ERR_clear_error()
        return false
    end

elseif alg == "HS256" then
    local mac = C.EVP_MAC_CTX_new(C.EVP_MAC_fetch(nil, "HMAC", nil))
    local params = ffi.new("OSSL_PARAM[2]")
    local digest = ffi.new("char[7]", "SHA256")
    local out = ffi.new("unsigned char[32]")
    local outl = ffi.new("size_t[1]")

    params[0].key = "digest"
    params[0].data_type = 4     -- OSSL_PARAM_UTF8_STRING
    params[0].data = digest
    params[0].data_size = 6
    assert(C.EVP_MAC_init(mac, text, #text, params) == 1)

    function signed(what, signature)
        return #signature == 32
            and C.EVP_MAC_init(mac, nil, 0, nil) == 1   -- the same key
            and C.EVP_MAC_update(mac, what, #what) == 1
            and C.EVP_MAC_final(mac, out, outl, 32) == 1
            and C.CRYPTO_memcmp(out, signature, 32) == 0
    end

else
    error "JWT_ALG is RS256 or HS256"
end


local function header(encoded)
    local text = decode(encoded)
    local value = text and cjson.decode(text)

    return type(value) == "table" and value.alg == alg
end


-- The claims of the value of an Authorization header, or nil.
local function verify(authorization)
    if not authorization or sub(authorization, 1, 7) ~= "Bearer " then
        return nil
    end

    local one = find(authorization, ".", 8, true)
    local two = one and find(authorization, ".", one + 1, true)

    if not two then
        return nil
    end

    local head = sub(authorization, 8, one - 1)

    if not headers:get(head) then
        if not header(head) then
            return nil
        end

        headers:set(head, true)
    end

    local signature = decode(sub(authorization, two + 1))

    if not signature or not signed(sub(authorization, 8, two - 1), signature)
    then
        return nil
    end

    local payload = decode(sub(authorization, one + 1, two - 1))
    local claims = payload and cjson.decode(payload)

    if type(claims) ~= "table"
        or claims.iss ~= "https://id.example/"
        or claims.aud ~= "bench"
        or type(claims.exp) ~= "number" or claims.exp <= now()
        or type(claims.sub) ~= "string"
        or type(claims.roles) ~= "string"
    then
        return nil
    end

    local roles = {}
    for role in string.gmatch(claims.roles, "%S+") do
        roles[role] = true
    end
    claims.roles = roles

    return claims
end


local cache = assert(lrucache.new(20000))

-- The same; what was verified once holds until it ends.
local function verify_cached(authorization)
    local claims = authorization and cache:get(authorization)

    if claims then
        return claims.exp > now() and claims or nil
    end

    claims = verify(authorization)

    if claims then
        cache:set(authorization, claims, claims.exp - now())
    end

    return claims
end


-- the roles that may take a route
local roles_of = { orders = { "viewer", "admin" }, admin = { "admin" } }

local function may(claims, route)
    local roles = roles_of[route]

    if not roles then
        return false
    end

    for i = 1, #roles do
        if claims.roles[roles[i]] then
            return true
        end
    end

    return false
end


return { verify = verify, verify_cached = verify_cached, may = may }
