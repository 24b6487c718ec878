-- Task, if we wrote it: it may have been taken for somebody's activity while its mark could not be seen
SELECT Id
FROM rows
WHERE reference(key, Subject) IS NOT NULL
