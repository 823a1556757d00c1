#include "pair_nakmd_screened.h"

#include "atom.h"
#include "comm.h"
#include "error.h"
#include "force.h"
#include "lammps.h"
#include "memory.h"
#include "neigh_list.h"
#include "neighbor.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <fstream>
#include <sstream>

using namespace LAMMPS_NS;

namespace {

// the segment of a table at a distance of `inverse` segments per unit: its nodes, and the place t in it
struct Segment {
  const double *at;
  double t;
};

inline Segment segment(const std::vector<double> &nodes, double x, double inverse, int last)
{
  const double place = x * inverse;
  const int k = std::min(static_cast<int>(place), last);
  return {nodes.data() + 2 * k, place - k};
}

// slopes are stored per segment
inline double value(const Segment &s)
{
  const double rise = s.at[2] - s.at[0], left = s.at[1], right = s.at[3];
  return s.at[0] + s.t * (left + s.t * (3.0 * rise - 2.0 * left - right + s.t * (left + right - 2.0 * rise)));
}

inline double slope(const Segment &s)
{
  const double rise = s.at[2] - s.at[0], left = s.at[1], right = s.at[3];
  return left + s.t * (2.0 * (3.0 * rise - 2.0 * left - right) + 3.0 * s.t * (left + right - 2.0 * rise));
}

}    // namespace

PairNakmdScreened::PairNakmdScreened(LAMMPS *lmp) : Pair(lmp)
{
  restartinfo = 0;
  single_enable = 0;
  one_coeff = 1;
  manybody_flag = 1;
  comm_forward = 2;
  comm_reverse = 2;
  centroidstressflag = CENTROID_SAME;
}

PairNakmdScreened::~PairNakmdScreened()
{
  memory->destroy(sums_);
  memory->destroy(slopes_);
  if (allocated) {
    memory->destroy(setflag);
    memory->destroy(cutsq);
  }
}

double PairNakmdScreened::embed(const Metal &metal, double rho, double b, double *slopes) const
{
  double energy = 0.0, rise = 0.0;
  if (rho > 0.0) {
    const double root = std::min(std::sqrt(rho), largest_root_);
    const Segment s = segment(metal.embedding, root, inverse_root_, n_root_ - 2);
    rise = slope(s) * inverse_root_ / (2.0 * root);
    energy = value(s) + rise * std::max(rho - largest_root_ * largest_root_, 0.0);
  }
  const double left = metal.depth * std::exp(-metal.rate * rho);
  slopes[0] = rise - metal.rate * left * b;
  slopes[1] = left - metal.depth;
  return energy + slopes[1] * b;
}

void PairNakmdScreened::compute(int eflag, int vflag)
{
  ev_init(eflag, vflag);
  if (atom->nmax > n_max_) {
    memory->destroy(sums_);
    memory->destroy(slopes_);
    n_max_ = atom->nmax;
    memory->create(sums_, n_max_, 2, "pair:sums");
    memory->create(slopes_, n_max_, 2, "pair:slopes");
  }
  double **x = atom->x, **f = atom->f;
  const int *type = atom->type;
  const int n_local = atom->nlocal, n_all = n_local + atom->nghost;
  std::fill(&sums_[0][0], &sums_[0][0] + 2 * static_cast<std::size_t>(n_all), 0.0);

  for (int ii = 0; ii < list->inum; ++ii) {
    const int i = list->ilist[ii], itype = type[i];
    const double xi = x[i][0], yi = x[i][1], zi = x[i][2];
    const int *neighbors = list->firstneigh[i];
    double rho_i = 0.0, b_i = 0.0;
    for (int jj = 0; jj < list->numneigh[i]; ++jj) {
      const int j = neighbors[jj] & NEIGHMASK;
      const double dx = xi - x[j][0], dy = yi - x[j][1], dz = zi - x[j][2];
      const double square = dx * dx + dy * dy + dz * dz;
      const Use &u = use(itype, type[j]);
      if (square >= u.cutoff_square) continue;
      const Pairing &p = *u.pairing;
      const double r = std::sqrt(square);
      const double first = value(segment(p.first, r, p.inverse, n_r_ - 2));
      if (!p.both_metal) {
        if (u.swapped)
          sums_[j][1] += first;
        else
          b_i += first;
        continue;
      }
      const double second = p.alike ? first : value(segment(p.second, r, p.inverse, n_r_ - 2));
      rho_i += u.swapped ? second : first;
      sums_[j][0] += u.swapped ? first : second;
    }
    sums_[i][0] += rho_i;
    sums_[i][1] += b_i;
  }
  comm->reverse_comm(this);

  for (int ii = 0; ii < list->inum; ++ii) {
    const int i = list->ilist[ii], species = map[type[i]];
    slopes_[i][0] = slopes_[i][1] = 0.0;
    if (species < 0 || species >= static_cast<int>(metals_.size())) continue;
    const double energy = embed(metals_[species], sums_[i][0], sums_[i][1], slopes_[i]);
    if (eflag_global) eng_vdwl += energy;
    if (eflag_atom) eatom[i] += energy;
  }
  comm->forward_comm(this);

  for (int ii = 0; ii < list->inum; ++ii) {
    const int i = list->ilist[ii], itype = type[i];
    const double xi = x[i][0], yi = x[i][1], zi = x[i][2];
    const int *neighbors = list->firstneigh[i];
    double fx = 0.0, fy = 0.0, fz = 0.0;
    for (int jj = 0; jj < list->numneigh[i]; ++jj) {
      const int j = neighbors[jj] & NEIGHMASK;
      const double dx = xi - x[j][0], dy = yi - x[j][1], dz = zi - x[j][2];
      const double square = dx * dx + dy * dy + dz * dz;
      const Use &u = use(itype, type[j]);
      if (square >= u.cutoff_square) continue;
      const Pairing &p = *u.pairing;
      const double r = std::sqrt(square);
      const Segment v = segment(p.pair, r, p.inverse, n_r_ - 2);
      const double first = slope(segment(p.first, r, p.inverse, n_r_ - 2));
      const int one = u.swapped ? j : i, other = u.swapped ? i : j;
      double change = slope(v);
      if (!p.both_metal)
        change += slopes_[one][1] * first;
      else if (p.alike)
        change += (slopes_[one][0] + slopes_[other][0]) * first;
      else
        change += slopes_[one][0] * first + slopes_[other][0] * slope(segment(p.second, r, p.inverse, n_r_ - 2));
      const double pull = -change * p.inverse / r;
      fx += dx * pull;
      fy += dy * pull;
      fz += dz * pull;
      f[j][0] -= dx * pull;
      f[j][1] -= dy * pull;
      f[j][2] -= dz * pull;
      if (evflag) ev_tally(i, j, n_local, 1, eflag_either ? value(v) : 0.0, 0.0, pull, dx, dy, dz);
    }
    f[i][0] += fx;
    f[i][1] += fy;
    f[i][2] += fz;
  }
  if (vflag_fdotr) virial_fdotr_compute();
}

void PairNakmdScreened::settings(int narg, char **)
{
  if (narg) error->all(FLERR, "pair_style nakmd/screened takes no arguments");
}

void PairNakmdScreened::allocate()
{
  allocated = 1;
  n_types_ = atom->ntypes;
  memory->create(setflag, n_types_ + 1, n_types_ + 1, "pair:setflag");
  memory->create(cutsq, n_types_ + 1, n_types_ + 1, "pair:cutsq");
  std::fill(&setflag[0][0], &setflag[0][0] + (n_types_ + 1) * (n_types_ + 1), 0);
  std::fill(&cutsq[0][0], &cutsq[0][0] + (n_types_ + 1) * (n_types_ + 1), 0.0);
  map = new int[n_types_ + 1];    // freed by the base class
}

void PairNakmdScreened::coeff(int narg, char **arg)
{
  if (!allocated) allocate();
  if (narg != 3 + n_types_ || std::strcmp(arg[0], "*") != 0 || std::strcmp(arg[1], "*") != 0)
    error->all(FLERR, "pair_coeff of nakmd/screened takes: * * FILE, and a species or NULL for each type");
  read(arg[2]);
  const int n = static_cast<int>(names_.size());
  for (int t = 1; t <= n_types_; ++t) {
    const auto found = std::find(names_.begin(), names_.end(), arg[2 + t]);
    map[t] = found == names_.end() ? -1 : static_cast<int>(found - names_.begin());
    if (map[t] < 0 && std::strcmp(arg[2 + t], "NULL") != 0)
      error->all(FLERR, (std::string("nakmd/screened: no species ") + arg[2 + t] + " in " + arg[2]).c_str());
  }
  uses_.assign((n_types_ + 1) * (n_types_ + 1), Use());
  for (int a = 1; a <= n_types_; ++a)
    for (int b = 1; b <= n_types_; ++b) {
      if (map[a] < 0 || map[b] < 0) continue;
      const Pairing &p = pairings_[std::min(map[a], map[b]) * n + std::max(map[a], map[b])];
      if (p.cutoff == 0.0) continue;
      uses_[a * (n_types_ + 1) + b] = {&p, map[a] > map[b], p.cutoff * p.cutoff};
      if (a <= b) setflag[a][b] = 1;
    }
}

void PairNakmdScreened::init_style()
{
  if (!force->newton_pair) error->all(FLERR, "pair_style nakmd/screened needs newton pair on");
  neighbor->add_request(this);
}

double PairNakmdScreened::init_one(int i, int j)
{
  return std::sqrt(use(i, j).cutoff_square);
}

// The file: words after lines that begin with #.
//   nakmd/screened VERSION n_metals n_wall, the names of all species
//   n_root largest_root n_r
//   for each metal d, 1/rho_0, and n_root values and slopes of F by sqrt(rho)
//   for each pair a <= b but those of the wall: cutoff, and if it is not 0
//     metal: phi at a, phi at b, V; wall: k A, V; each n_r values and slopes from 0 to the cutoff, slopes per segment
void PairNakmdScreened::read(const std::string &path)
{
  std::string text;
  if (comm->me == 0) {
    std::ifstream in(path);
    if (!in) error->one(FLERR, ("nakmd/screened cannot open " + path).c_str());
    std::string line;
    while (std::getline(in, line))
      if (line.empty() || line[0] != '#') text += line + '\n';
  }
  int size = static_cast<int>(text.size());
  MPI_Bcast(&size, 1, MPI_INT, 0, world);
  text.resize(size);
  MPI_Bcast(&text[0], size, MPI_CHAR, 0, world);

  const char *at = text.c_str();
  const auto word = [&]() {
    while (*at && std::strchr(" \n\r\t", *at)) ++at;
    const char *begin = at;
    while (*at && !std::strchr(" \n\r\t", *at)) ++at;
    if (begin == at) error->all(FLERR, ("nakmd/screened: " + path + " is truncated").c_str());
    return std::string(begin, at);
  };
  const auto number = [&]() {
    const std::string given = word();
    char *end = nullptr;
    const double read = std::strtod(given.c_str(), &end);
    if (*end) error->all(FLERR, ("nakmd/screened: " + given + " in " + path + " is no number").c_str());
    return read;
  };
  const auto nodes = [&](int n) {
    Nodes out(2 * static_cast<std::size_t>(n));
    for (double &entry : out) entry = number();
    return out;
  };
  if (word() != "nakmd/screened" || word() != "1")
    error->all(FLERR, ("nakmd/screened: " + path + " is no file of this pair style and version").c_str());
  const int n_metals = static_cast<int>(number()), n = n_metals + static_cast<int>(number());
  names_.clear();
  for (int a = 0; a < n; ++a) names_.push_back(word());
  n_root_ = static_cast<int>(number());
  largest_root_ = number();
  inverse_root_ = (n_root_ - 1) / largest_root_;
  n_r_ = static_cast<int>(number());
  metals_.clear();
  for (int a = 0; a < n_metals; ++a) {
    Metal metal;
    metal.depth = number();
    metal.rate = number();
    metal.embedding = nodes(n_root_);
    metals_.push_back(metal);
  }
  pairings_.assign(static_cast<std::size_t>(n) * n, Pairing());
  for (int a = 0; a < n_metals; ++a)
    for (int b = a; b < n; ++b) {
      Pairing &p = pairings_[a * n + b];
      p.cutoff = number();
      if (p.cutoff == 0.0) continue;
      p.inverse = (n_r_ - 1) / p.cutoff;
      p.both_metal = b < n_metals;
      p.first = nodes(n_r_);
      if (p.both_metal) p.second = nodes(n_r_);
      p.alike = p.both_metal && p.first == p.second;
      p.pair = nodes(n_r_);
    }
}

int PairNakmdScreened::pack_forward_comm(int n, int *atoms, double *buffer, int, int *)
{
  for (int k = 0; k < n; ++k) {
    *buffer++ = slopes_[atoms[k]][0];
    *buffer++ = slopes_[atoms[k]][1];
  }
  return 2 * n;
}

void PairNakmdScreened::unpack_forward_comm(int n, int first, double *buffer)
{
  std::copy(buffer, buffer + 2 * static_cast<std::size_t>(n), &slopes_[0][0] + 2 * static_cast<std::size_t>(first));
}

int PairNakmdScreened::pack_reverse_comm(int n, int first, double *buffer)
{
  std::copy(sums_[first], sums_[first] + 2 * static_cast<std::size_t>(n), buffer);
  return 2 * n;
}

void PairNakmdScreened::unpack_reverse_comm(int n, int *atoms, double *buffer)
{
  for (int k = 0; k < n; ++k) {
    sums_[atoms[k]][0] += *buffer++;
    sums_[atoms[k]][1] += *buffer++;
  }
}

double PairNakmdScreened::memory_usage()
{
  return Pair::memory_usage() + 4.0 * n_max_ * sizeof(double);
}

// What LAMMPS calls after it has opened the library: this describes the interface of its command `plugin`.
extern "C" {
struct NakmdPlugin {
  const char *version, *style, *name, *info, *author;
  void *(*creator)(LAMMPS *);
  void *handle;
};

void lammpsplugin_init(void *lmp, void *handle, void *register_plugin)
{
  static const auto create = [](LAMMPS *engine) -> void * { return new PairNakmdScreened(engine); };
  NakmdPlugin plugin = {};
  plugin.style = "pair";
  plugin.name = "nakmd/screened";
  plugin.info = "nakmd/screened: a metal that screens its pairs with a wall";
  plugin.author = "the authors of nakmd";
  plugin.creator = create;
  plugin.handle = handle;
  // null is refused by LAMMPS before 2023: the version of the engine that loads it
  plugin.version = static_cast<LAMMPS *>(lmp)->version;
  reinterpret_cast<void (*)(NakmdPlugin *, void *)>(register_plugin)(&plugin, lmp);
}
}
