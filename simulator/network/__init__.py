"""Namespaces, links and the wire between them: delays, losses and the load balancer's address rewriting.

`wire` is the process, `forwarding` decides about one frame (pure), `nat` is the load balancer. May import
`scenario`. A new thing that happens to packets is a field of a scenario's delay or a fault, and a branch of
`forwarding`.
"""
