import HealthProbing
import Seams

extension ProbeLoop: Prober {}
