-- Live records in the order of their ids, the newest of each
SELECT *
FROM told
QUALIFY row_number() OVER (PARTITION BY id ORDER BY changed_at DESC) = 1 AND NOT deleted
ORDER BY id
