use super::{
    decay::TAU,
    detector::{LEPTON_ETA, LEPTON_PT},
    vector::FourVector,
    *,
};

fn events(seed: u32, count: u64) -> impl Iterator<Item = (u64, Event)> {
    (0..count).map(move |index| (index, Generator::new(seed).event(index)))
}

fn nothing_left(left: FourVector, scale: f64) -> bool {
    [left.e, left.p[0], left.p[1], left.p[2]].iter().all(|x| x.abs() <= 1e-9 * scale)
}

#[test]
fn four_momentum_is_conserved() {
    let generator = Generator::new(2);
    for (index, event) in events(2, 2000) {
        let Event { production, decays, .. } = event;
        let [one, other] = decays;
        let scale = production.boson.e;
        assert!(nothing_left(production.boson - one.tau - other.tau, scale));
        let mut random = generator.neutrinos(index);
        for decay in decays {
            let [first, second] = decay.split_neutrinos(&mut random);
            assert!(nothing_left(decay.tau - decay.lepton - first - second, scale));
        }
        let across = production.jets.list().iter().fold(production.boson, |sum, jet| sum + *jet);
        let across = [0, 1].map(|i| across.p[i] + production.soft[i]);
        assert!(across.iter().all(|p| p.abs() < 1e-9 * scale), "{across:?}");
    }
}

#[test]
fn masses_are_on_shell() {
    let generator = Generator::new(3);
    for (index, event) in events(3, 2000) {
        // What the square of a mass can be known to.
        let on_shell = |particle: &FourVector, mass: f64| {
            let off = (particle.mass_squared() - mass * mass).abs();
            assert!(off <= 1e-11 * particle.e * particle.e, "{particle:?} {mass}: {off}");
        };
        on_shell(&event.production.boson, event.production.mass);
        let mut random = generator.neutrinos(index);
        for decay in event.decays {
            on_shell(&decay.tau, TAU);
            on_shell(&decay.lepton, decay.lepton_mass);
            for neutrino in decay.split_neutrinos(&mut random) {
                on_shell(&neutrino, 0.0);
                assert!(neutrino.e >= 0.0);
            }
        }
        for jet in event.production.jets.list() {
            on_shell(jet, 0.0);
        }
    }
}

/// The mass of both taus, from their decay products.
#[test]
fn the_mass_of_the_taus_is_the_bosons() {
    let mut masses: [Vec<f64>; 2] = Default::default();
    for (_, event) in events(4, 20_000) {
        let [one, other] = event.decays;
        masses[usize::from(event.signal)].push((one.tau + other.tau).mass());
    }
    for (kind, peak, width) in [(1, 125.0, 0.0041), (0, 91.1876, 2.4952)] {
        let masses = &mut masses[kind];
        masses.sort_by(f64::total_cmp);
        // The selection takes heavier bosons more often, by less than a percent a GeV.
        let quantile = |share: f64| masses[(share * masses.len() as f64) as usize];
        assert!((quantile(0.5) - peak).abs() < 0.12 * width + 1e-3, "{}", quantile(0.5));
        // Half of a Breit-Wigner lies within half its width.
        let inner = quantile(0.75) - quantile(0.25);
        assert!((inner / width - 1.0).abs() < 0.1, "{inner} {width}");
    }
}

#[test]
fn what_is_kept_passes_the_selection() {
    for (_, event) in events(5, 2000) {
        let [one, other] = event.seen.leptons;
        assert!(one.pt() >= LEPTON_PT[0] && other.pt() >= LEPTON_PT[1] && one.pt() >= other.pt());
        assert!(one.eta().abs() <= LEPTON_ETA && other.eta().abs() <= LEPTON_ETA);
        let jets = event.seen.jets.list();
        assert!(jets.is_sorted_by(|one, other| one.pt() >= other.pt()));
        assert!(jets.iter().all(|jet| jet.pt() >= production::JET_PT));
    }
}

/// The missing momentum is that of the neutrinos, with a resolution.
#[test]
fn missing_momentum_knows_what_was_measured() {
    let mut off = Vec::new();
    for (_, event) in events(6, 5000) {
        let neutrinos = event.decays[0].neutrinos() + event.decays[1].neutrinos();
        off.extend([0, 1].map(|i| event.seen.missing[i] - neutrinos.p[i]));
    }
    let n = off.len() as f64;
    let mean = off.iter().sum::<f64>() / n;
    let deviation = (off.iter().map(|x| x * x).sum::<f64>() / n).sqrt();
    assert!(mean.abs() < 4.0 * deviation / n.sqrt(), "{mean}");
    assert!((9.0..16.0).contains(&deviation), "{deviation}");
}

#[test]
fn any_slice_is_the_same_at_any_number_of_threads() {
    let generator = Generator::new(7);
    let made = |threads, first: u64, count: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let (mut features, mut labels) = (vec![0.0f32; count * FEATURES], vec![9; count]);
        pool.install(|| generator.fill(first, &mut features, &mut labels));
        (features.into_iter().map(f32::to_bits).collect::<Vec<_>>(), labels)
    };
    let (features, labels) = made(1, 0, 1500);
    assert_eq!((features.clone(), labels.clone()), made(2, 0, 1500));
    let (slice, slice_labels) = made(2, 700, 300);
    assert_eq!(slice, features[700 * FEATURES..1000 * FEATURES]);
    assert_eq!(slice_labels, labels[700..1000]);
    assert!(labels.chunks(2).all(|pair| pair[0] + pair[1] == 1));
    let first = labels.chunks(2).filter(|pair| pair[0] == 1).count();
    assert!((300..450).contains(&first), "{first}");
    assert_ne!(made(1, 0, 10), {
        let other = Generator::new(8);
        let (mut features, mut labels) = (vec![0.0f32; 10 * FEATURES], vec![9; 10]);
        other.fill(0, &mut features, &mut labels);
        (features.into_iter().map(f32::to_bits).collect(), labels)
    });
}
