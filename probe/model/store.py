"""The settings of one external key store, as given to KMS or planned."""

from dataclasses import dataclass

VPC_CONNECTIVITY = "VPC_ENDPOINT_SERVICE"
PUBLIC_CONNECTIVITY = "PUBLIC_ENDPOINT"
EXTERNAL_KEY_STORE = "EXTERNAL_KEY_STORE"
AWS_PARTITION, GOV_PARTITION = "aws", "aws-us-gov"
_GOV_REGIONS = "us-gov-"
_ASSIGNED = "cks-"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyStoreSpec:
    """The key store settings to check: from the user, or from the existing store. None: not given.

    ``id`` is ``cks-…``, or the label of a store that does not exist yet, or "". ``uri_endpoint``,
    ``uri_path``, ``service_name`` and ``service_owner`` are parameters of CreateCustomKeyStore, as written.
    ``region`` is "" if not given. ``data_centre`` are the IPv4 ranges of the key manager's network.
    ``store_account`` is the account that will own the store, if different from the calling account.
    ``region_has_kms`` is whether AWS's published data lists KMS in the Region, None if not checked.
    ``key_id`` is an external key whose metadata is requested from the proxy.
    """

    region: str = ""
    id: str = ""
    name: str | None = None
    connectivity: str = VPC_CONNECTIVITY
    uri_endpoint: str | None = None
    uri_path: str | None = None
    service_name: str | None = None
    service_owner: str | None = None
    store_account: str | None = None
    data_centre: tuple[str, ...] = ()
    key_id: str | None = None
    region_has_kms: bool | None = None
    is_govcloud: bool = False  # for a store in GovCloud whose Region is not given

    @property
    def exists(self) -> bool:
        """KMS has assigned the id; a label is the user's name for a store that does not exist yet."""
        return self.id.startswith(_ASSIGNED)

    @property
    def host(self) -> str | None:
        """The private DNS name: what follows ``https://`` in the endpoint, in lower case."""
        if self.uri_endpoint is None:
            return None
        return self.uri_endpoint.removeprefix("https://").rstrip(".").lower() or None

    @property
    def is_public(self) -> bool:
        """KMS reaches the proxy over the internet, not through an endpoint service."""
        return self.connectivity == PUBLIC_CONNECTIVITY

    @property
    def partition(self) -> str:
        """The AWS partition of the Region; external key stores are not available in China."""
        is_gov = self.is_govcloud or self.region.startswith(_GOV_REGIONS)
        return GOV_PARTITION if is_gov else AWS_PARTITION
