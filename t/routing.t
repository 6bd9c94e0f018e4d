# Which route a request takes: specificity, methods, headers, parameters.

use Weir 'no_plan';

run_tests();

__DATA__

=== a literal segment wins over a parameter, and a parameter over **
--- policy
routes:
  - {id: rest,  match: {path: "/users/**"}, public: true}
  - {id: param, match: {path: "/users/{user}"}, public: true}
  - {id: me,    match: {path: "/users/me"}, public: true}
  - {id: deep,  match: {path: "/users/{user}/orders"}, public: true}
  - {id: mine,  match: {path: "/users/me/{what}"}, public: true}
--- ask
GET /users/me            -> 200 me
GET /users/7             -> 200 param
GET /users/7/orders      -> 200 deep
GET /users/me/orders     -> 200 mine
GET /users/me/cards      -> 200 mine
GET /users/7/cards       -> 200 rest
GET /users/me/a/b        -> 200 rest
GET /users/me?x=/users/7 -> 200 me
GET /user                -> 404
GET /users2/me           -> 404


=== the first segment that differs decides, whatever follows
--- policy
routes:
  - {id: early, match: {path: "/a/**"}, public: true}
  - {id: late,  match: {path: "/{x}/b/c"}, public: true}
--- ask
GET /a/b/c -> 200 early
GET /z/b/c -> 200 late
GET /z/b/d -> 404


=== a search that fails deeper goes back to the less specific
--- policy
routes:
  - {id: ab,   match: {path: "/a/b/c"}, public: true}
  - {id: px,   match: {path: "/a/{p}/x"}, public: true}
  - {id: rest, match: {path: "/a/**"}, public: true}
  - {id: all,  match: {path: "/**"}, public: true}
--- ask
GET /a/b/c   -> 200 ab
GET /a/b/x   -> 200 px
GET /a/b/y   -> 200 rest
GET /b/b/c   -> 200 all
GET /        -> 200 all


=== ** matches none, one and many segments
--- policy
routes:
  - {id: files, match: {path: "/files/**"}, public: true}
--- ask
GET /files/      -> 200 files
GET /files/a     -> 200 files
GET /files/a/b/c -> 200 files
GET /file        -> 404
GET /filesystem  -> 404


=== a path with a slash at its end is another path
--- policy
routes:
  - {id: bare,  match: {path: "/a"}, public: true}
  - {id: slash, match: {path: "/b/"}, public: true}
  - {id: param, match: {path: "/c/{x}"}, public: true}
  - {id: root,  match: {path: "/"}, public: true}
--- ask
GET /a   -> 200 bare
GET /a/  -> 404
GET /b/  -> 200 slash
GET /b   -> 404
GET /c/  -> 404
GET /c/1 -> 200 param
GET /    -> 200 root


=== case of a path matters
--- policy
routes:
  - {id: a, match: {path: "/Case/a"}, public: true}
--- ask
GET /Case/a -> 200 a
GET /case/a -> 404
GET /Case/A -> 404


=== a pattern holds for the whole segment and steps back where it fails
--- policy
routes:
  - {id: number, match: {path: "/orders/{id:[0-9]+}"}, public: true}
  - {id: code,   match: {path: "/orders/{id:[A-Z]{2}-[0-9]{1,4}}"}, public: true}
  - {id: other,  match: {path: "/orders/**"}, public: true}
  - {id: only,   match: {path: "/strict/{id:[a-f]+}/x"}, public: true}
--- ask
GET /orders/17        -> 200 number
GET /orders/IE-1234   -> 200 code
GET /orders/IE-12345  -> 200 other
GET /orders/17x       -> 200 other
GET /orders/x17       -> 200 other
GET /orders/%31%37    -> 200 number
GET /orders/17%0A     -> 400
GET /strict/abc/x     -> 200 only
GET /strict/abg/x     -> 404


=== parameters reach the rules, decoded
--- policy
routes:
  - id: owner
    match: {path: "/users/{user}/files/{file}"}
    allow:
      - {id: self, when: 'path.user == "ann b" && path.file == "é"'}
--- ask
GET /users/ann%20b/files/%C3%A9 -> 200 owner
GET /users/ann%20b/files/e      -> 403
GET /users/ann/files/%C3%A9     -> 403


=== a listed method wins over any, and an unlisted one finds no route
--- policy
routes:
  - {id: read,  match: {path: /a, methods: [GET, HEAD]}, public: true}
  - {id: any,   match: {path: /a}, public: true}
  - {id: write, match: {path: /b, methods: [POST, PUT]}, public: true}
  - {id: odd,   match: {path: /b, methods: [PURGE]}, public: true}
--- ask
GET /a     -> 200 read
POST /a    -> 200 any
DELETE /a  -> 200 any
POST /b    -> 200 write
PUT /b     -> 200 write
PURGE /b   -> 200 odd
GET /b     -> 404
HEAD /b    -> 404
OPTIONS /b -> 404


=== more tests of headers win over fewer
--- policy
routes:
  - {id: none,  match: {path: /a}, public: true}
  - {id: one,   match: {path: /a, headers: [{name: x-v, equals: "2"}]}, public: true}
  - {id: two,   match: {path: /a, headers: [{name: x-v, equals: "2"}, {name: x-w, present: true}]}, public: true}
--- ask
GET /a                    -> 200 none
GET /a x-v:1              -> 200 none
GET /a X-V:2              -> 200 one
GET /a x-v:2 x-w:anything -> 200 two
GET /a x-w:anything       -> 200 none


=== a header test is of the whole value, a prefix, or its presence
--- policy
routes:
  - {id: equals,  match: {path: /e, headers: [{name: x-v, equals: yes-it-is}]}, public: true}
  - {id: prefix,  match: {path: /p, headers: [{name: content-type, prefix: application/json}]}, public: true}
  - {id: present, match: {path: /h, headers: [{name: x-v, present: true}]}, public: true}
--- ask
GET /e x-v:yes-it-is                 -> 200 equals
GET /e x-v:yes-it-is-not             -> 404
GET /e x-v:YES-IT-IS                 -> 404
GET /p Content-Type:application/json -> 200 prefix
GET /p "Content-Type:application/json; charset=utf-8" -> 200 prefix
GET /p Content-Type:text/plain       -> 404
GET /p                               -> 404
GET /h x-v:                          -> 200 present
GET /h                               -> 404


=== an exact host wins over a wildcard, and a wildcard over any
--- policy
routes:
  - {id: exact, match: {host: www.shop.example, path: "/**"}, public: true}
  - {id: wild,  match: {host: "*.shop.example", path: "/a"}, public: true}
  - {id: any,   match: {path: "/**"}, public: true}
--- ask
GET /a Host:www.shop.example  -> 200 exact
GET /a Host:api.shop.example  -> 200 wild
GET /b Host:api.shop.example  -> 200 any
GET /a Host:shop.example      -> 200 any
GET /a Host:xshop.example     -> 200 any
GET /a                        -> 200 any


=== a host without a fitting path goes on to the next less specific host
--- policy
routes:
  - {id: exact, match: {host: www.shop.example, path: "/a"}, public: true}
  - {id: wild,  match: {host: "*.shop.example", path: "/b"}, public: true}
  - {id: any,   match: {path: "/c"}, public: true}
--- ask
GET /a Host:www.shop.example -> 200 exact
GET /b Host:www.shop.example -> 200 wild
GET /c Host:www.shop.example -> 200 any
GET /d Host:www.shop.example -> 404


=== no route is 404, or what the settings say
--- policy
settings: {unmatched: 421}
routes:
  - {id: a, match: {path: /a}, public: true}
--- ask
GET /a -> 200 a
GET /b -> 421
--- error_log
policy denies with 421: no_route


=== a policy without routes refuses everything
--- policy
policy: {name: empty}
--- ask
GET / -> 404
GET /a -> 404


=== a path may have more segments than a template
--- policy
routes:
  - {id: all, match: {path: "/**"}, public: true}
  - {id: deep, match: {path: "/{a}/**"}, public: true}
--- then
is(http('GET', '/a' x 64)->{body}, "deep\n", '64 segments');
is(http('GET', '/a' x 1000)->{body}, "deep\n", 'a thousand');


=== one of a thousand routes is found
--- policy eval
"routes:\n" . CORE::join '', map {
    "  - {id: r$_, match: {path: \"/s$_/{x}/e\"}, public: true}\n"
} 1 .. 1000
--- ask
GET /s1/a/e     -> 200 r1
GET /s777/a/e   -> 200 r777
GET /s1000/a/e  -> 200 r1000
GET /s1001/a/e  -> 404
