"""A name that breaks the rules for names.

Service, version and namespace names end up in Kubernetes objects and in host names, so they follow RFC 1035 and
RFC 1123: lower-case letters, digits and `-`, at most 63 characters, starting and ending with a letter or digit.
Host names are ASCII; an international name is written in its `xn--` form.

bad: |
  service: {port: 8080, domains: [Shop_1.example.com]}
good: |
  service: {port: 8080, domains: [shop-1.example.com]}
"""
