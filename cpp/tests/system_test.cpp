#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

#include "system/process.hpp"

namespace kilomark::system {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

#if defined(__linux__)
TEST(WaitUntilThreadsSleep, WaitsForAThreadThatComputes) {
  std::atomic<bool> has_begun = false;
  std::atomic<bool> has_computed = false;
  std::mutex mutex;
  std::condition_variable told;
  bool may_end = false;
  std::thread worker([&] {
    set_thread_name("computing");
    has_begun = true;
    const auto end = Clock::now() + milliseconds(50);
    while (Clock::now() < end) {
    }
    has_computed = true;
    std::unique_lock lock(mutex);
    told.wait(lock, [&] { return may_end; });
  });
  while (!has_begun) {
  }
  wait_until_threads_sleep("computing", std::chrono::seconds(60));
  EXPECT_TRUE(has_computed);
  {
    const std::scoped_lock lock(mutex);
    may_end = true;
  }
  told.notify_one();
  worker.join();
}
#endif

TEST(ThreadName, IsGivenToThreadsThatTheThreadStarts) {
  const std::string before = thread_name();
  set_thread_name("parent");
  std::string inherited;
  std::thread([&] { inherited = thread_name(); }).join();
  set_thread_name(before);
#if defined(__linux__)
  EXPECT_EQ(inherited, "parent");
#else
  EXPECT_EQ(inherited, "");
#endif
}

TEST(WaitUntilThreadsSleep, WaitsNoLongerThanTheLimit) {
  std::atomic<bool> stop = false;
  std::thread worker([&] {
    set_thread_name("computing");
    while (!stop) {
    }
  });
  wait_until_threads_sleep("computing", milliseconds(20));
  stop = true;  // never reached if it waits for the thread
  worker.join();
}

}  // namespace
}  // namespace kilomark::system
