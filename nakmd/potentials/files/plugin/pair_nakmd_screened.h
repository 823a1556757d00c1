// Pair style nakmd/screened of LAMMPS: an embedded-atom metal whose density weakens its attraction to a wall.
//
//   E = sum_i { F(rho_i) - d (1 - exp(-rho_i / rho_0)) B_i } + sum_{pairs} V(r)
//   rho_i = sum of phi over the metal neighbours, B_i = sum of k A(r) over the wall neighbours of a metal atom
//
// pair_style nakmd/screened
// pair_coeff * * FILE NAME_1 NAME_2 ...   (the name of a species of the file for each type, or NULL)

#ifndef NAKMD_PAIR_SCREENED_H
#define NAKMD_PAIR_SCREENED_H

#include "pair.h"

#include <string>
#include <vector>

namespace LAMMPS_NS {

class PairNakmdScreened : public Pair {
 public:
  explicit PairNakmdScreened(LAMMPS *);
  ~PairNakmdScreened() override;

  void compute(int, int) override;
  void settings(int, char **) override;
  void coeff(int, char **) override;
  void init_style() override;
  double init_one(int, int) override;
  int pack_forward_comm(int, int *, double *, int, int *) override;
  void unpack_forward_comm(int, int, double *) override;
  int pack_reverse_comm(int, int, double *) override;
  void unpack_reverse_comm(int, int *, double *) override;
  double memory_usage() override;

 private:
  // values and slopes at uniform nodes, interleaved: cubic Hermite segments
  using Nodes = std::vector<double>;

  struct Metal {
    double depth, rate;    // d [eV per eV] and 1/rho_0
    Nodes embedding;       // F as a function of sqrt(rho)
  };

  struct Pairing {
    double cutoff = 0.0, inverse = 0.0;    // 0 where two species do not interact
    bool both_metal = false, alike = false;
    Nodes first, second;    // metal: phi at the first of the second, and reverse; wall: k A, and none
    Nodes pair;             // V
  };

  // how two types use a pairing: the type of lower index of the file is the first
  struct Use {
    const Pairing *pairing = nullptr;
    bool swapped = false;
    double cutoff_square = 0.0;
  };

  std::vector<std::string> names_;
  std::vector<Metal> metals_;
  std::vector<Pairing> pairings_;    // (n_species, n_species), first <= second
  int n_r_ = 0, n_root_ = 0;
  double inverse_root_ = 0.0, largest_root_ = 0.0;
  std::vector<Use> uses_;    // (ntypes + 1, ntypes + 1)
  int n_types_ = 0, n_max_ = 0;
  double **sums_ = nullptr;      // rho and B of every atom
  double **slopes_ = nullptr;    // dE/drho and dE/dB of every atom

  void allocate();
  void read(const std::string &);
  double embed(const Metal &, double rho, double b, double *slopes) const;
  const Use &use(int a, int b) const { return uses_[a * (n_types_ + 1) + b]; }
};

}    // namespace LAMMPS_NS

#endif
