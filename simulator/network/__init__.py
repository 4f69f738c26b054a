"""Namespaces, and the link between them: delays, losses and the load balancer's address rewriting.

`delay_link` is the process, `forwarding` decides about one frame (pure), `nat` is the load balancer. May
import `scenario`. A new effect on packets needs a field in a scenario's delay, or a fault, and a branch in
`forwarding`.
"""
