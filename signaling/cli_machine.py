"""``passerelle machine``: the machines of a centre, and what each one needs to be believed by the others."""

import datetime
import ipaddress
from typing import Annotated

import typer

machine_app = typer.Typer(help="Les machines d’un centre réparti.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    app.add_typer(machine_app, name="machine")


@machine_app.command("add")
def add(
    name: Annotated[
        str, typer.Argument(help="Nom court de la machine : lettres minuscules, chiffres, traits d’union.")
    ],
    addresses: Annotated[list[str], typer.Argument(help="Ses adresses IP sur le réseau privé.")],
    here: Annotated[bool, typer.Option("--here", help="C’est cette machine-ci : installe son dossier.")] = False,
) -> None:
    """Donne à une machine son certificat, signé par l’autorité du centre (faite au besoin) ; ou le renouvelle."""
    from signaling.config import ConfigError, load_config, machine_dir, process_environ
    from signaling.machine_certificates import MachineNameError, issue

    try:
        checked = [str(ipaddress.ip_address(address)) for address in addresses]
        data_dir = load_config(process_environ()).signaling.data_dir
        folder = machine_dir(data_dir) if here else data_dir / "machines" / name
        ends = issue(data_dir / "secrets", folder, name, checked, datetime.datetime.now(datetime.UTC))
    except MachineNameError:
        raise _refuse("nom de machine : lettres minuscules, chiffres et traits d’union, 63 au plus.") from None
    except ValueError:
        raise _refuse("adresse : une adresse IP, par exemple 10.0.0.2.") from None
    except OSError as error:
        raise _refuse(f"{error.filename} : {error.strerror}.") from None
    except ConfigError as error:
        raise _refuse(str(error)) from None
    print(f"Certificat de {name} jusqu’au {ends:%d/%m/%Y} : {folder}")
    if here:
        print(f"Réglez PASSERELLE_NETWORK_LISTEN={checked[0]} et PASSERELLE_NETWORK_NAME={name}, puis redémarrez.")
    else:
        print(f"À copier sur {name}, dans son dossier de données, sous le nom « machine », par un chemin sûr :")
        print(f"  scp -rp {folder} {checked[0]}:…/var/machine")
        print(f"Puis y régler PASSERELLE_NETWORK_LISTEN={checked[0]} et PASSERELLE_NETWORK_NAME={name}.")


def _refuse(why: str) -> typer.Exit:
    typer.echo(f"✗ {why}", err=True)
    return typer.Exit(1)
