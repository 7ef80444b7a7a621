"""A merge conflict that nobody has resolved.

git could not tell which of two changes is meant, and wrote both of them between lines of `<<<<<<<`, `=======` and
`>>>>>>>`. Keep what is right of both and delete those lines. Do this for releases first; compiled files follow from
them (`graymesh explain GM920`).

bad file: |
  spec:
  <<<<<<< HEAD
    stage: first
  =======
    stage: full
  >>>>>>> faster
good: |
  stable: v1
"""
